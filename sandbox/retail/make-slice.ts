// Makes data/orders.csv.gz out of the monthly files: `node sandbox/retail/make-slice.ts FOLDER`. Its rows
// are the source's, unchanged and in their order; one Node version makes the same bytes again.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { CrossdockError } from "../../src/core/errors.ts";
import { readRetailRows } from "./read.ts";

export const SLICE_FILE = fileURLToPath(new URL("data/orders.csv.gz", import.meta.url));

/** 2010-12 is taken whole, 2011-01 up to this day. */
const WHOLE = "2010-12.csv.gz";
const PART = "2011-01.csv.gz";
const LAST_DAY = "2011-01-18";
const SLICE_BYTES_MAX = 1_000_000;
const NEWLINE = 10;

export async function makeSlice(folder: string): Promise<Buffer> {
  const whole = gunzipSync(readFileSync(join(folder, WHOLE)));
  const part = gunzipSync(readFileSync(join(folder, PART)));
  const end = await lineAfter(join(folder, PART), LAST_DAY);
  const text = Buffer.concat([whole, part.subarray(startOfLine(part, 2), startOfLine(part, end))]);
  const packed = gzipSync(text, { level: constants.Z_BEST_COMPRESSION, memLevel: constants.Z_MAX_MEMLEVEL });
  // The header's last byte names the operating system; 255 is "unknown".
  packed[9] = 255;
  if (packed.length >= SLICE_BYTES_MAX) {
    throw new CrossdockError(
      "retail.slice-too-large",
      `The slice has ${packed.length} bytes, which is too many.`,
    );
  }
  return packed;
}

/** The line that the first row after a day starts on. */
async function lineAfter(file: string, day: string): Promise<number> {
  for await (const row of readRetailRows(file)) if (row.invoiceDate.slice(0, 10) > day) return row.row;
  throw new CrossdockError("retail.empty", `${file}: No row is later than ${day}.`);
}

function startOfLine(bytes: Buffer, line: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) start = bytes.indexOf(NEWLINE, start) + 1;
  return start;
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) {
    process.stderr.write("Name the folder that holds the monthly files.\n");
    process.exitCode = 2;
  } else {
    const slice = await makeSlice(folder);
    writeFileSync(SLICE_FILE, slice);
    process.stdout.write(`${SLICE_FILE}: ${slice.length} bytes\n`);
  }
}
