// Reads what WEST puts into `out`, a file a message, and moves each to `out/done` after the commit. A file that is read
// again before it was moved is the same message.
import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type ConnectorContext,
  type DropFile,
  type NativeMessage,
  type Poll,
  readDropFolder,
} from "../../../src/connector/index.ts";
import { tooLargeId } from "./map-file.ts";
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
      return {
        messages,
        cursor: files.at(-1)?.name ?? cursor ?? "",
        more,
        async acknowledge() {
          for (const file of files) await moveToDone(out, file);
        },
      };
    },
  };
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
