// A receipt: the native message as it came, byte for byte, with what became of it.
import type { Time } from "../../core/time.ts";
import type { Database } from "../../postgres/pool.ts";

export interface ReceiptDocument {
  id: string;
  system: string;
  topic: string;
  nativeId: string;
  receivedAt: Time;
  contentType: string;
  outcome: "mapped" | "ignored" | "failed";
  mappingRevision: number;
  events: number;
  reason: string | null;
  /** As text where it is UTF-8, in base64 otherwise. */
  body: { text: string } | { base64: string };
}

export async function readReceipt(db: Database, id: string): Promise<ReceiptDocument | null> {
  const { rows } = await db.query<
    Record<string, string> & { body: Buffer; mapping_revision: number; events: number; reason: string | null }
  >({
    name: "read-receipt",
    text: `select id, system, topic, native_id, received_at, content_type, outcome, mapping_revision, events, reason, body
             from receipt where id = $1`,
    values: [id],
  });
  const row = rows[0];
  if (row === undefined) return null;
  return {
    id: row.id!,
    system: row.system!,
    topic: row.topic!,
    nativeId: row.native_id!,
    receivedAt: row.received_at!,
    contentType: row.content_type!,
    outcome: row.outcome as ReceiptDocument["outcome"],
    mappingRevision: row.mapping_revision,
    events: row.events,
    reason: row.reason,
    body: asText(row.body),
  };
}

function asText(body: Buffer): ReceiptDocument["body"] {
  const text = body.toString("utf8");
  return Buffer.compare(Buffer.from(text, "utf8"), body) === 0
    ? { text }
    : { base64: body.toString("base64") };
}
