// Control totals: how many rows a file has and what they add up to, as its writer says. They are proven by a first pass
// over the whole file, window by window; nothing of the file counts before.
import {
  CrossdockError,
  type Decimal,
  formatDecimal,
  parseDecimal,
  readDecimal,
} from "../../connector/index.ts";
import type { Reading } from "./cursor.ts";
import { damaged, type Row } from "./rows.ts";
import { besideOf, type Stream } from "./stream.ts";
import { joinPath, type Source, type Transport } from "./transport.ts";
import { kindOf, openWindow, rowsOf, tooLong } from "./window.ts";

const SIDECAR_BYTES_MAX = 65_536;

/** Counts one window. True: the file is counted, and its totals hold. Throws `files.file-damaged` where they do not. */
export async function checkWindow(
  stream: Stream,
  source: Source,
  transport: Transport,
  reading: Reading,
): Promise<boolean> {
  const window = await openWindow(stream, source, reading);
  let to = 0;
  for (const row of rowsOf(stream, window)) {
    to = row.to;
    reading.line = row.next;
    note(stream, reading, row);
  }
  if (!window.atEnd) {
    if (to === 0) throw tooLong(reading.line);
    reading.offset += to;
    return false;
  }
  compare(stream, reading, await statedTotals(stream, transport, reading));
  return true;
}

function note(stream: Stream, reading: Reading, row: Row): void {
  const kind = kindOf(stream, row);
  if (kind === "blank" || kind === "ignored") return;
  if (reading.trailer !== undefined) throw damaged("follows the trailer.", row.line);
  if (kind === "trailer") {
    reading.trailer = { ...stream.totals!.matcher.exec(row.raw())?.groups };
    return;
  }
  reading.count += 1;
  const { of: column } = stream.totals!;
  if (column === undefined || reading.unsummed) return;
  try {
    const cell = row.fault === undefined ? row.cell(column) : undefined;
    if (cell === undefined) throw new CrossdockError("files.bad-cell", "is not there");
    if (cell.trim() !== "") reading.sum = String(BigInt(reading.sum) + figure(stream, cell));
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    reading.unsummed = true;
  }
}

const figure = (stream: Stream, text: string): Decimal => parseDecimal(readDecimal(text, stream.totals!));

async function statedTotals(
  stream: Stream,
  transport: Transport,
  reading: Reading,
): Promise<{ count?: string; sum?: string }> {
  const { sidecar, matcher } = stream.totals!;
  if (sidecar === undefined) {
    if (reading.trailer === undefined) throw damaged("has no trailer: the file is cut off.", reading.line);
    return reading.trailer;
  }
  const name = besideOf(sidecar, reading.name);
  const source = await transport.open(joinPath(stream.folder, name));
  try {
    const groups = matcher.exec((await source.read(0, SIDECAR_BYTES_MAX)).toString("latin1"))?.groups;
    if (groups === undefined) throw damaged(`Its file of totals, ${name}, does not fit the pattern.`);
    return { ...groups };
  } finally {
    await source.close();
  }
}

function compare(stream: Stream, reading: Reading, stated: { count?: string; sum?: string }): void {
  if (stated.count !== undefined && !sameCount(stated.count, reading.count)) {
    throw damaged(`Its totals count ${stated.count} rows, and there are ${reading.count}.`, reading.line);
  }
  if (stated.sum === undefined || reading.unsummed) return;
  const sum = BigInt(reading.sum) as Decimal;
  if (statedSum(stream, stated.sum) !== sum) {
    throw damaged(`Its totals add up to ${stated.sum}, and the rows to ${formatDecimal(sum)}.`, reading.line);
  }
}

function statedSum(stream: Stream, text: string): Decimal | undefined {
  try {
    return figure(stream, text);
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

const sameCount = (stated: string, count: number): boolean =>
  /^\s*\d{1,18}\s*$/.test(stated) && BigInt(stated.trim()) === BigInt(count);
