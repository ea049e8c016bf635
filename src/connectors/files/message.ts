// The native messages of a file: its parts, and what is wrong with it as a whole. Each part stands alone, since it begins
// with the file's own head; where in the file it stands is told beside its bytes.
import type { NativeMessage } from "../../connector/index.ts";
import type { Reading } from "./cursor.ts";
import { identityOf } from "./ready.ts";
import type { Stream } from "./stream.ts";

export interface Part {
  fileName: string;
  fileId: string;
  modifiedMs: number;
  /** Bytes of the file's head, with which the part begins. */
  head: number;
  /** Of the part's first row. */
  line: number;
}

const PROBLEM_TYPE = "application/problem+json";

export function partMessage(
  stream: Stream,
  reading: Reading,
  part: { from: number; to: number; line: number; bytes: Buffer },
): NativeMessage {
  const type = `${stream.reader.contentType}; head=${reading.head}; line=${part.line}; modified=${reading.modifiedMs}; name=${encodeURIComponent(reading.name)}`;
  return {
    topic: stream.name,
    id: `${identityOf(stream, reading)}@${part.from}-${part.to}`,
    contentType: type,
    body: part.bytes,
  };
}

export function problemMessage(
  stream: Stream,
  reading: Reading,
  failed: string,
  path?: string,
): NativeMessage {
  const body = JSON.stringify({
    failed: `${reading.name}: ${failed}`,
    ...(path === undefined ? {} : { path }),
  });
  return {
    topic: stream.name,
    id: `${identityOf(stream, reading)}@problem`,
    contentType: PROBLEM_TYPE,
    body,
  };
}

export function readProblem({
  contentType,
  body,
}: NativeMessage): { failed: string; path?: string } | undefined {
  if (contentType !== PROBLEM_TYPE) return undefined;
  return JSON.parse(typeof body === "string" ? body : Buffer.from(body).toString("utf8"));
}

/** Undefined where the message is none of ours. */
export function readPart({ id, contentType }: NativeMessage): Part | undefined {
  const place = /; head=(\d+); line=(\d+); modified=(\d+); name=([^; ]+)$/.exec(contentType);
  const at = id.lastIndexOf("@");
  if (place === null || at < 0) return undefined;
  return {
    fileName: decodeURIComponent(place[4]!),
    fileId: id.slice(0, at),
    modifiedMs: Number(place[3]),
    head: Number(place[1]),
    line: Number(place[2]),
  };
}
