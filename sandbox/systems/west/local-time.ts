// WEST's clock shows local time without an offset: in the hour that daylight saving repeats, only the
// running numbers tell what came first.

export class LocalClock {
  private readonly zone: string;
  private quarter = -1;
  private offsetMs = 0;

  constructor(zone: string) {
    this.zone = zone;
  }

  /** "2026-11-24 07:15:02.123" */
  text(ms: number): string {
    // Offsets only change on quarters of an hour, so one look-up serves all times within.
    const quarter = Math.floor(ms / 900_000);
    if (quarter !== this.quarter) {
      const zoned = Temporal.Instant.fromEpochMilliseconds(quarter * 900_000).toZonedDateTimeISO(this.zone);
      this.offsetMs = zoned.offsetNanoseconds / 1_000_000;
      this.quarter = quarter;
    }
    return new Date(ms + this.offsetMs).toISOString().replace("T", " ").replace("Z", "");
  }

  /** "20261124" */
  day(ms: number): string {
    return this.text(ms).slice(0, 10).replaceAll("-", "");
  }
}
