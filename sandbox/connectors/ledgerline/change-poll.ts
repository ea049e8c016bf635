// Reads purchase orders, and items where that is wanted: each change of one is a message, whole as it was read.
import type { Poll } from "../../../src/connector/index.ts";
import { canonicalJson } from "../../../src/core/json.ts";
import { textOf } from "../native-fields.ts";
import { emptyFeed, type FeedCursor, readChanges } from "./change-feed.ts";
import type { LedgerlineClient } from "./client.ts";

export interface ChangePoll {
  resource: string;
  topic: string;
  /** The field that names a record. */
  number: string;
}

export function changePoll(
  client: LedgerlineClient,
  { resource, topic, number }: ChangePoll,
  options: { pageMax: number; overlapMs: number; everyMs: number },
): Poll {
  const { everyMs, pageMax, overlapMs } = options;
  return {
    everyMs,
    async read(text, signal) {
      const cursor = text === null ? emptyFeed() : (JSON.parse(text) as FeedCursor);
      const read = await readChanges(client, resource, cursor, { pageMax, overlapMs, signal });
      const messages = read.changes.map(({ record, version }) => ({
        topic,
        id: `${textOf(record, number)}@${version}`,
        contentType: "application/json",
        body: canonicalJson(record),
      }));
      return { messages, cursor: JSON.stringify(read.cursor), more: read.more };
    },
  };
}
