// What went into WEST's folder and what came back for it, as the folder itself shows it: any node finds the same. Files
// never change, so each is read once; the answers of the last days are kept.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  addMs,
  type ConnectorContext,
  CrossdockError,
  type Time,
  writeFileAtomically,
} from "../../../src/connector/index.ts";
import { type InKind, isKind, parseFile, type WestFile, writeFile } from "./file-format.ts";
import { FileClock } from "./local-time.ts";
import type { WestSettings } from "./settings.ts";

export interface WestAnswer {
  /** Our file that it answers. */
  file: string;
  /** Empty: the whole file. */
  order: string;
  result: string;
  reason: string;
  at: Time;
}

export type Place = "waiting" | "taken" | "spoilt";

const DAY_MS = 86_400_000;
const KEPT_DAYS = 3;
const CONTENTS_MAX = 10_000;
/** What WEST took so long ago without a word was answered in a file that is gone. */
const SILENT_MS = 60 * 60_000;

export class Exchange {
  private readonly settings: WestSettings;
  private readonly context: ConnectorContext;
  private readonly readAnswers = new Set<string>();
  private readonly byFile = new Map<string, WestAnswer[]>();
  private readonly readOrders = new Map<
    string,
    Map<string, { lineId: string; sku: string; quantity: number }[]>
  >();
  private oldest = "";
  private looking: Promise<void> | undefined;

  constructor(settings: WestSettings, context: ConnectorContext) {
    this.settings = settings;
    this.context = context;
  }

  /** Reads the answers that came since; calls at once share one look. */
  look(): Promise<void> {
    this.looking ??= this.readNewAnswers().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  answersTo(file: string): readonly WestAnswer[] {
    return this.byFile.get(file) ?? [];
  }

  /** The latest first. */
  answersAbout(kind: InKind, order: string): WestAnswer[] {
    const found: WestAnswer[] = [];
    for (const [file, answers] of this.byFile) {
      if (!file.startsWith(`${kind}_`)) continue;
      for (const answer of answers) if (answer.order === order) found.push(answer);
    }
    return found.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : a.file < b.file ? 1 : -1));
  }

  *answers(): Generator<WestAnswer> {
    for (const answers of this.byFile.values()) yield* answers;
  }

  /** Where our files are now. */
  async files(kind: InKind): Promise<Map<string, Place>> {
    const places = new Map<string, Place>();
    const into = join(this.settings.folder, "in");
    // What is moved while we look is seen at its end: that is looked at last.
    for (const [folder, place] of [
      [into, "waiting"],
      [join(into, "bad"), "spoilt"],
      [join(into, "done"), "taken"],
    ] as const) {
      for (const name of await namesIn(folder))
        if (name.startsWith(`${kind}_`) && name.endsWith(".csv")) places.set(name, place);
    }
    return places;
  }

  /** Orders (or advice) by number in one of our files. */
  async content(
    file: string,
  ): Promise<ReadonlyMap<string, { lineId: string; sku: string; quantity: number }[]>> {
    const held = this.readOrders.get(file);
    if (held !== undefined) return held;
    const parsed = await this.parse(file);
    const orders = new Map<string, { lineId: string; sku: string; quantity: number }[]>();
    for (const { cells } of parsed?.rows ?? []) {
      const number = cells.ADVICE ?? cells.ORDER ?? "";
      const lines = orders.get(number) ?? [];
      lines.push({ lineId: cells.LINE ?? "", sku: cells.ARTICLE ?? "", quantity: Number(cells.QTY ?? "0") });
      orders.set(number, lines);
    }
    if (parsed !== undefined) this.readOrders.set(file, orders);
    for (const oldest of this.readOrders.keys()) {
      if (this.readOrders.size <= CONTENTS_MAX) break;
      this.readOrders.delete(oldest);
    }
    return orders;
  }

  /** By the time in our file's name. */
  isLongAgo(file: string): boolean {
    const limit = addMs(this.context.now(), -SILENT_MS).replace(/\D/g, "");
    const stamp = /^[A-Z]{3}_(\d{20})_/.exec(file)?.[1];
    return stamp !== undefined && stamp < limit;
  }

  /** Puts a file into `in`, whole and once. Throws where it is certain that it is not there. */
  async put(kind: InKind, file: string, rows: readonly Record<string, string>[]): Promise<void> {
    const path = join(this.settings.folder, "in", file);
    const bytes = writeFile(kind, file.replace(/\D/g, "").slice(-6), rows, this.settings.encoding);
    try {
      await writeFileAtomically(path, bytes, { ifAbsent: true });
    } catch (cause) {
      if ((await this.files(kind)).has(file)) return;
      throw new CrossdockError(
        "west.folder-unusable",
        `${path} cannot be written: ${(cause as Error).message}`,
        {
          retry: "later",
          cause,
        },
      );
    }
  }

  private async parse(file: string): Promise<WestFile | undefined> {
    const into = join(this.settings.folder, "in");
    for (const folder of [into, join(into, "done"), join(into, "bad")]) {
      const bytes = await readUnlessGone(join(folder, file));
      if (bytes !== undefined) return parseFile(bytes, this.settings.encoding);
    }
    return undefined;
  }

  private async readNewAnswers(): Promise<void> {
    const out = join(this.settings.folder, "out");
    const since = addMs(this.context.now(), -KEPT_DAYS * DAY_MS);
    const oldest = dayOf(since);
    this.forgetBefore(since);
    // A file that the poll moves meanwhile is in one of the two: `out` is looked at first.
    for (const folder of [out, join(out, "done")]) {
      for (const name of await namesIn(folder)) {
        const day = /^ACK_(\d{8})_[\w-]+\.csv$/.exec(name)?.[1];
        if (day === undefined || day < oldest || this.readAnswers.has(name)) continue;
        const bytes =
          (await readUnlessGone(join(folder, name))) ?? (await readUnlessGone(join(out, "done", name)));
        if (bytes === undefined) continue;
        this.readAnswers.add(name);
        this.keep(name, bytes);
      }
    }
  }

  /** Once a day. */
  private forgetBefore(since: Time): void {
    const oldest = dayOf(since);
    if (oldest === this.oldest) return;
    this.oldest = oldest;
    for (const name of this.readAnswers) if (name.slice(4, 12) < oldest) this.readAnswers.delete(name);
    for (const [file, answers] of this.byFile) {
      if (answers.every(({ at }) => at < since)) this.byFile.delete(file);
    }
  }

  private keep(name: string, bytes: Buffer): void {
    try {
      const file = parseFile(bytes, this.settings.encoding);
      const clock = new FileClock(file.time, file.zone || this.settings.timeZone, undefined);
      for (const { cells } of file.rows) {
        if (!isKind(cells.FILE?.slice(0, 3))) continue;
        const { FILE = "", ORDER: order = "", RESULT: result = "", REASON: reason = "", TIME = "" } = cells;
        const answers = this.byFile.get(FILE) ?? [];
        // WEST sends a file again under the next number when it is not sure.
        if (answers.some((held) => held.order === order && held.result === result)) continue;
        answers.push({ file: FILE, order, result, reason, at: clock.read(TIME) });
        this.byFile.set(FILE, answers);
      }
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      // The way in reports it as well; the whole file comes under the next number.
      this.context.log("warn", "an answer file of WEST cannot be read", { name, reason: error.message });
    }
  }
}

const dayOf = (time: Time): string => time.slice(0, 10).replaceAll("-", "");

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new CrossdockError("west.folder-unusable", (error as Error).message, {
      retry: "later",
      cause: error,
    });
  }
}

async function readUnlessGone(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
