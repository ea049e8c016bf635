// Reads the files of one stream, window by window, and files each away after the commit of its last part.
import { type ConnectorContext, epochMs, type NativeMessage, type Poll } from "../../connector/index.ts";
import { advance } from "./advance.ts";
import { begin, type Cursor, type Finished, type Reading, readCursor, writeCursor } from "./cursor.ts";
import { fileAway } from "./file-away.ts";
import { identityOf, type Looks, readyFiles } from "./ready.ts";
import type { Stream } from "./stream.ts";
import type { Entry, Transport } from "./transport.ts";

/** Names that are remembered after their files went, where the name alone is what a file is known by. */
const REMEMBERED_MAX = 1_000;
/** Of one read: what is handed on in one commit. */
const FILES_MAX = 50;
const BYTES_MAX = 524_288;

/** What a read has done so far. */
interface Progress {
  messages: NativeMessage[];
  finished: Finished[];
  reading: Reading | undefined;
  more: boolean;
}

export function filesPoll(stream: Stream, transport: Transport, context: ConnectorContext): Poll {
  const looks: Looks = new Map();
  return {
    everyMs: stream.everyMs,
    async read(text, signal) {
      const cursor = readCursor(text);
      const entries = await transport.list(stream.folder);
      const ready = readyFiles(stream, entries, cursor.finished, looks, epochMs(context.now()));
      const progress = await readFiles({ stream, transport, signal }, cursor, entries, ready);
      const finished = [...cursor.finished, ...progress.finished];
      const { reading, messages, more } = progress;
      return {
        messages,
        cursor: writeCursor({
          ...(reading === undefined ? {} : { reading }),
          finished: worthKeeping(stream, finished, entries),
        }),
        more,
        acknowledge: () => fileAway(stream, transport, finished, entries),
      };
    },
  };
}

interface Means {
  stream: Stream;
  transport: Transport;
  signal: AbortSignal;
}

async function readFiles(
  { stream, transport, signal }: Means,
  cursor: Cursor,
  entries: readonly Entry[],
  ready: readonly Entry[],
): Promise<Progress> {
  const progress: Progress = { messages: [], finished: [], reading: cursor.reading, more: false };
  const names = ready.map(({ name }) => name).filter((name) => name !== cursor.reading?.name);
  if (cursor.reading !== undefined) names.unshift(cursor.reading.name);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  let bytes = 0;
  for (const name of names) {
    const file = byName.get(name);
    progress.reading ??= begin(file!, stream.totals !== undefined);
    for (;;) {
      if (bytes >= BYTES_MAX || progress.finished.length >= FILES_MAX || signal.aborted) {
        progress.more = true;
        return progress;
      }
      const step = await advance(stream, transport, progress.reading, file);
      for (const message of step.messages) progress.messages.push(message);
      bytes += step.bytes;
      if (step.outcome === "more") continue;
      if (step.outcome === "dropped") progress.more = true;
      else progress.finished.push({ id: identityOf(stream, progress.reading), name, to: step.outcome });
      progress.reading = undefined;
      break;
    }
  }
  return progress;
}

/** Of files that are still there, and of names that may come again. */
function worthKeeping(stream: Stream, finished: Finished[], entries: readonly Entry[]): Finished[] {
  const there = new Set(entries.map((entry) => identityOf(stream, entry)));
  const latest = stream.identity === "name" ? finished.length - REMEMBERED_MAX : finished.length;
  return finished.filter(({ id }, index) => index >= latest || there.has(id));
}
