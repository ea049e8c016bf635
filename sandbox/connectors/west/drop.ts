// Reads what WEST puts into `out`, a file a message, and moves each to `out/done` after the commit. A file that is read
// again before it was moved is the same message.
import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type ConnectorContext,
  CrossdockError,
  type DropFile,
  epochMs,
  type NativeMessage,
  type Poll,
  readDropFolder,
} from "../../../src/connector/index.ts";
import { parseFile } from "./file-format.ts";
import { tooLargeId } from "./map-file.ts";
import { missingNumbers, noteNumbers, type RowNumbers } from "./row-numbers.ts";
import type { WestSettings } from "./settings.ts";

const WRITTEN = /^(STK|SHP|RCV|ADJ|RET|ACK)_[\w-]+\.csv$/;
const FILES_MAX = 50;
const BYTES_MAX = 32 * 1024 * 1024;

export function filesPoll(settings: WestSettings, context: ConnectorContext): Poll {
  const out = join(settings.folder, "out");
  return {
    everyMs: settings.filesEveryMs,
    async read(cursor, signal) {
      const { files, more, tooLarge } = await readDropFolder(out, {
        accepts: (name) => WRITTEN.test(name),
        settleMs: settings.settleMs,
        filesMax: FILES_MAX,
        bytesMax: BYTES_MAX,
        signal,
      });
      const messages = files.map(
        (file): NativeMessage => ({
          topic: file.name.slice(0, 3),
          id: file.version,
          contentType: `text/csv; charset=${settings.encoding === "utf8" ? "utf-8" : "iso-8859-1"}`,
          body: file.bytes,
        }),
      );
      for (const name of tooLarge) {
        context.log("warn", "a file of WEST is larger than is read", { name, bytesMax: BYTES_MAX });
        messages.push({ topic: name.slice(0, 3), id: tooLargeId(name), contentType: "text/csv", body: "" });
      }
      const numbers = noteFiles(cursor, files, settings, context);
      const nowMs = epochMs(context.now());
      return {
        messages,
        cursor: numbers === undefined ? "" : JSON.stringify(numbers),
        missing: [{ stream: "rows", numbers: missingNumbers(numbers, nowMs, settings.missingAfterMs) }],
        more,
        async acknowledge() {
          for (const file of files) await moveToDone(out, file);
        },
      };
    },
  };
}

/** The cursor is the row numbers that have come; one of another kind is a first one. */
function noteFiles(
  cursor: string | null,
  files: readonly DropFile[],
  settings: WestSettings,
  context: ConnectorContext,
): RowNumbers | undefined {
  const known = cursor?.startsWith("{") ? (JSON.parse(cursor) as RowNumbers) : undefined;
  const come: number[] = [];
  let last = 0;
  for (const { bytes } of files) {
    try {
      const file = parseFile(bytes, settings.encoding);
      for (const number of file.numbers) come.push(number);
      last = Math.max(last, file.last);
    } catch (error) {
      // What is damaged has not come: its mapping says so, and the whole file has the same numbers.
      if (!(error instanceof CrossdockError)) throw error;
    }
  }
  return noteNumbers(known, come, last, epochMs(context.now()));
}

/** Under its own name: WEST gives none twice. One that was moved before is left alone. */
async function moveToDone(out: string, file: DropFile): Promise<void> {
  const done = join(out, "done");
  try {
    await stat(file.path);
    await mkdir(done, { recursive: true });
    await rename(file.path, join(done, file.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
