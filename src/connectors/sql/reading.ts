// What the ways of reading share: the desk that they work at, and how a row becomes a native message.
import {
  type ConnectorContext,
  canonicalJson,
  type NativeMessage,
  type PollResult,
} from "../../connector/index.ts";
import type { Row } from "./columns.ts";
import type { Sessions } from "./sessions.ts";
import type { SqlSettings, Stream } from "./settings.ts";
import type { Source } from "./source.ts";

export interface Reading {
  source: Source;
  stream: Stream;
  sessions: Sessions;
  settings: SqlSettings;
  context: ConnectorContext;
}

/** What a poll reads, once. */
export type Read = (cursor: string | null, signal: AbortSignal) => Promise<PollResult>;

const PAGE_ROWS = 500;

export const pageSizeOf = ({ stream }: Reading): number => stream.pageSize ?? PAGE_ROWS;

export function messageOf(topic: string, id: string, content: Row | object): NativeMessage {
  return { topic, id, contentType: "application/json", body: canonicalJson(content) };
}
