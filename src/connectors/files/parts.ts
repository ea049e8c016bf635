// Cuts a window of a file into parts of whole rows, each a native message. Rows of one group stay together.
import type { NativeMessage } from "../../connector/index.ts";
import type { Reading } from "./cursor.ts";
import { groupKey } from "./group.ts";
import { partMessage } from "./message.ts";
import type { Stream } from "./stream.ts";
import type { Source } from "./transport.ts";
import { openWindow, rowsOf, tooLong, type Window } from "./window.ts";

/** A place in a window where a part may end, and the line after it. */
interface Cut {
  to: number;
  line: number;
}

/** The parts of one window; the reading stands after them. `atEnd`: the file is through. */
export async function readParts(
  stream: Stream,
  source: Source,
  reading: Reading,
): Promise<{ messages: NativeMessage[]; atEnd: boolean }> {
  const window = await openWindow(stream, source, reading);
  const cuts = chosenCuts(stream, window);
  if (cuts.length === 0 && window.bytes.length > 0) throw tooLong(window.line);
  const messages: NativeMessage[] = [];
  let begin: Cut = { to: 0, line: window.line };
  for (const end of cuts) {
    const bytes = Buffer.concat([window.headBytes, window.bytes.subarray(begin.to, end.to)]);
    const place = { from: reading.offset + begin.to, to: reading.offset + end.to, line: begin.line };
    messages.push(partMessage(stream, reading, { ...place, bytes }));
    begin = end;
  }
  reading.offset += begin.to;
  reading.line = begin.line;
  return { messages, atEnd: window.atEnd };
}

/** Where parts end: as soon as they are long enough, and at the last place of the window. */
function chosenCuts(stream: Stream, window: Window): Cut[] {
  const chosen: Cut[] = [];
  let begin = 0;
  let last: Cut | undefined;
  for (const cut of possibleCuts(stream, window)) {
    last = cut;
    if (cut.to - begin < stream.chunkBytes) continue;
    chosen.push(cut);
    begin = cut.to;
  }
  if (last !== undefined && last.to > begin) chosen.push(last);
  return chosen;
}

/** After each row, or after each group of rows that is known to have ended; at the end of the file in any case. */
function* possibleCuts(stream: Stream, window: Window): Generator<Cut> {
  const { group } = stream.event;
  let before: Cut = { to: 0, line: window.line };
  let key: string | undefined;
  for (const row of rowsOf(stream, window)) {
    const after = { to: row.to, line: row.next };
    if (group === undefined) yield after;
    else {
      const own = groupKey(row, group);
      if (before.to > 0 && own !== key) yield before;
      key = own;
    }
    before = after;
  }
  if (window.atEnd) yield { to: window.bytes.length, line: before.line };
}
