// One step through one file: a window of its check, or of its rows. What is wrong with it as a whole ends it.
import { CrossdockError, type NativeMessage } from "../../connector/index.ts";
import { begin, type Finished, type Reading, versionOf } from "./cursor.ts";
import { problemMessage } from "./message.ts";
import { readParts } from "./parts.ts";
import type { Stream } from "./stream.ts";
import { checkWindow } from "./totals.ts";
import { type Entry, joinPath, type Source, type Transport } from "./transport.ts";

interface Step {
  messages: NativeMessage[];
  bytes: number;
  /** Where a file goes that is through; `dropped`: it is another file by now, which is read when it is still. */
  outcome: "more" | Finished["to"] | "dropped";
}

export async function advance(
  stream: Stream,
  transport: Transport,
  reading: Reading,
  file: Entry | undefined,
): Promise<Step> {
  if (file === undefined || versionOf(file) !== versionOf(reading)) return moved(stream, reading, file);
  const source = await transport.open(joinPath(stream.folder, reading.name));
  try {
    const { messages, bytes, outcome } =
      reading.phase === "check"
        ? await checked(stream, source, transport, reading)
        : await handedOn(stream, source, reading);
    return { messages, bytes, outcome };
  } catch (error) {
    if (!(error instanceof CrossdockError) || error.code !== "files.file-damaged") throw error;
    const { path } = error.details;
    const place = typeof path === "string" ? path : undefined;
    return {
      messages: [problemMessage(stream, reading, told(reading, error.message), place)],
      bytes: 0,
      outcome: "errors",
    };
  } finally {
    await source.close();
  }
}

async function checked(
  stream: Stream,
  source: Source,
  transport: Transport,
  reading: Reading,
): Promise<Step> {
  const from = reading.offset;
  const isProven = await checkWindow(stream, source, transport, reading);
  const bytes = reading.offset - from;
  if (isProven) Object.assign(reading, begin(reading, false));
  return { messages: [], bytes, outcome: "more" };
}

async function handedOn(stream: Stream, source: Source, reading: Reading): Promise<Step> {
  const from = reading.offset;
  const { messages, atEnd } = await readParts(stream, source, reading);
  reading.begun ||= messages.length > 0;
  return { messages, bytes: reading.offset - from, outcome: atEnd ? "archive" : "more" };
}

/** It went, or was written again, before it was through. */
function moved(stream: Stream, reading: Reading, file: Entry | undefined): Step {
  const messages: NativeMessage[] = [];
  const what = file === undefined ? "It went away while it was read." : "It was changed while it was read.";
  if (reading.begun) messages.push(problemMessage(stream, reading, told(reading, what)));
  // By its name alone the new one would be the same file: somebody must look.
  const isLost = file !== undefined && reading.begun && stream.identity === "name";
  return { messages, bytes: 0, outcome: isLost ? "errors" : "dropped" };
}

const told = (reading: Reading, what: string): string =>
  reading.begun
    ? `${what} The rows before line ${reading.line} were taken.`
    : `${what} No row of it was taken.`;
