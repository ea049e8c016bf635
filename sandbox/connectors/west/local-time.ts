// WEST's clock shows local time without an offset. In the hour that daylight saving repeats, the time at which the file
// itself was written, which its name in our receipts holds, tells which of the two it was.
import { epochMs, localToUtc, type Time } from "../../../src/connector/index.ts";

/** A row is written within moments of its file's header; clocks of one machine do not differ by more. */
const SLACK_MS = 1_000;

export class FileClock {
  private readonly zone: string;
  /** Undefined where the header has no time. */
  readonly writtenAt: Time | undefined;
  private readonly known = new Map<string, Time>();

  constructor(headerTime: string, zone: string, fileModifiedMs: number | undefined) {
    this.zone = zone;
    this.writtenAt = headerTime === "" ? undefined : this.nearest(headerTime, fileModifiedMs);
  }

  /** The latest instant that the text can mean and that is not after the file. */
  read(local: string): Time {
    const held = this.known.get(local);
    if (held !== undefined) return held;
    const earlier = localToUtc(local, this.zone, "earlier");
    const later = localToUtc(local, this.zone, "later");
    const isLater =
      later !== earlier &&
      this.writtenAt !== undefined &&
      epochMs(later) <= epochMs(this.writtenAt) + SLACK_MS;
    const time = isLater ? later : earlier;
    this.known.set(local, time);
    return time;
  }

  private nearest(local: string, modifiedMs: number | undefined): Time {
    const earlier = localToUtc(local, this.zone, "earlier");
    const later = localToUtc(local, this.zone, "later");
    if (modifiedMs === undefined || earlier === later) return earlier;
    const isLater = Math.abs(modifiedMs - epochMs(later)) < Math.abs(modifiedMs - epochMs(earlier));
    return isLater ? later : earlier;
  }
}
