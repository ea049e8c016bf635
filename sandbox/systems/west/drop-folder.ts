// WEST's drop folder: `out/` for what it writes, `in/` for what it takes, `in/done` and `in/bad` for what
// it has read. A file is written under a temporary name and renamed, so a reader never sees half of it.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Agenda } from "../simulation/agenda.ts";
import type { FaultSwitch } from "../simulation/faults.ts";
import { type Encoding, encode, formatFile, type InKind, type OutKind, type Row } from "./file-format.ts";
import type { LocalClock } from "./local-time.ts";

const FOLDERS = ["out", "out/done", "in", "in/done", "in/bad"];
const EXCHANGED = /^(STK|SHP|RCV|ADJ|RET|ACK|ORD|CAN|RAD|ASN)_.*\.csv(\.tmp)?$/;
const TAKEN = /^(ORD|CAN|RAD|ASN)_[\w-]+\.csv$/;

export interface WrittenFile {
  name: string;
  kind: OutKind;
  rows: number;
  writtenAt: string;
}

export class DropFolder {
  readonly path: string;
  readonly written: WrittenFile[] = [];
  private readonly clock: LocalClock;
  private readonly faults: FaultSwitch;
  private readonly agenda: Agenda;
  private readonly encoding: () => Encoding;
  private readonly numbers = new Map<string, number>();

  constructor(
    path: string,
    clock: LocalClock,
    faults: FaultSwitch,
    agenda: Agenda,
    encoding: () => Encoding,
  ) {
    this.path = path;
    this.clock = clock;
    this.faults = faults;
    this.agenda = agenda;
    this.encoding = encoding;
  }

  /** Makes the folders and removes exchange files of an earlier run, whose numbers would come again. */
  clear(): void {
    for (const folder of FOLDERS) {
      const path = join(this.path, folder);
      mkdirSync(path, { recursive: true });
      for (const name of readdirSync(path)) if (EXCHANGED.test(name)) rmSync(join(path, name));
    }
    this.written.length = 0;
    this.numbers.clear();
  }

  /** Writes one file, and with the fault switches on also a cut one before it or a second one after. */
  write(kind: OutKind, rows: Row[], lastNumber: number): void {
    if (this.faults.hit("malformed")) this.writeOnce(kind, rows, lastNumber, true);
    this.writeOnce(kind, rows, lastNumber, false);
    if (this.faults.hit("duplicateWebhooks")) this.writeOnce(kind, rows, lastNumber, false);
  }

  private writeOnce(kind: OutKind, rows: Row[], lastNumber: number, cut: boolean): void {
    const now = Date.now();
    const day = this.clock.day(now);
    const series = `${kind}_${day}`;
    const count = (this.numbers.get(series) ?? 0) + 1;
    this.numbers.set(series, count);
    const number = String(count).padStart(4, "0");
    const name = `${series}_${number}.csv`;
    const time = this.clock.text(now);
    const head = { kind, partner: "WEST", number, time, extra: ["Europe/London", String(lastNumber)] };
    const bytes = encode(formatFile(head, rows), this.encoding());
    const content = cut ? bytes.subarray(0, Math.floor(bytes.length * 0.6)) : bytes;
    const publish = () => {
      const target = join(this.path, "out", name);
      writeFileSync(`${target}.tmp`, content);
      renameSync(`${target}.tmp`, target);
      this.written.push({ name, kind, rows: rows.length, writtenAt: new Date().toISOString() });
    };
    const late = this.faults.hit("reorderWebhooks");
    if (late) this.agenda.after(this.faults.scatter(late.ms ?? 500), publish);
    else publish();
  }

  /** Files that wait in `in/`, oldest name first. */
  waiting(): Array<{ name: string; kind: InKind; content: string }> {
    const names = readdirSync(join(this.path, "in")).filter((name) => TAKEN.test(name));
    return names.sort().map((name) => ({
      name,
      kind: name.slice(0, 3) as InKind,
      content: readFileSync(join(this.path, "in", name), this.encoding()),
    }));
  }

  file(name: string, into: "done" | "bad"): void {
    renameSync(join(this.path, "in", name), join(this.path, "in", into, name));
  }
}
