// A message of a queue → a native message. Its identity is the CloudEvent's source and id, whatever the broker says of
// a redelivery; what cannot be read is kept as it came, and fails when it is mapped.
import { createHash } from "node:crypto";
import {
  assertDepth,
  CLOUD_EVENT_TYPE,
  type Mapping,
  mapCloudEvent,
  type NativeMessage,
} from "../../connector/index.ts";

const DEPTH_MAX = 32;
/** One for all queues: an event that is bound to two of them is one event. */
const TOPIC = "events";
/** A longer identity is no identity; it would have to be indexed. */
const ID_LENGTH_MAX = 512;

/** What a sender names is kept as text, which holds no control characters. */
const PRINTABLE = /^[\x20-\x7e]+$/;

export interface Delivered {
  content: Uint8Array;
  contentType?: string;
  messageId?: string;
}

export function nativeOf({ content, contentType, messageId }: Delivered): NativeMessage {
  return {
    topic: TOPIC,
    id: identityOf(content) ?? unreadable(content, messageId),
    contentType: contentType !== undefined && PRINTABLE.test(contentType) ? contentType : CLOUD_EVENT_TYPE,
    body: content,
  };
}

/** `source id`: a source is a URI reference, which holds no space. */
function identityOf(content: Uint8Array): string | undefined {
  const read = parse(content);
  if ("failed" in read) return undefined;
  const { source, id } = (read.event ?? {}) as Record<string, unknown>;
  if (!isSource(source) || !isId(id)) return undefined;
  const identity = `${source} ${id}`;
  return identity.length > ID_LENGTH_MAX ? undefined : identity;
}

/** The same poison again is the same receipt: its sender's id where there is one, and its content. */
function unreadable(content: Uint8Array, messageId = ""): string {
  const hash = createHash("sha256").update(messageId).update("\0").update(content).digest("hex");
  return PRINTABLE.test(messageId) ? `unreadable/${messageId}/${hash}` : `unreadable/${hash}`;
}

export function mapMessage(message: NativeMessage): Mapping {
  if (message.topic !== TOPIC) return { failed: `There is no topic ${message.topic}.` };
  const body = typeof message.body === "string" ? Buffer.from(message.body) : message.body;
  const read = parse(body);
  if ("failed" in read) return { failed: read.failed, path: "$" };
  const mapping = mapCloudEvent(read.event);
  if ("failed" in mapping) return mapping;
  const { source, id } = read.event as { source?: unknown; id: string };
  if (!isSource(source)) {
    return {
      failed: "is required and must be a URI reference: with the id it tells events apart.",
      path: "$.source",
    };
  }
  if (!isId(id)) return { failed: "holds a control character, or half of one.", path: "$.id" };
  if (source.length + id.length + 1 > ID_LENGTH_MAX) {
    return { failed: `is longer than ${ID_LENGTH_MAX} characters together with the source.`, path: "$.id" };
  }
  return mapping;
}

function isSource(source: unknown): source is string {
  return typeof source === "string" && /^[\x21-\x7e]+$/.test(source);
}

function isId(id: unknown): id is string {
  return typeof id === "string" && id.isWellFormed() && /^\P{Cc}+$/u.test(id);
}

function parse(content: Uint8Array): { event: unknown } | { failed: string } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    assertDepth(text, DEPTH_MAX);
    return { event: JSON.parse(text) as unknown };
  } catch (error) {
    return { failed: `The message is no JSON in UTF-8: ${(error as Error).message}` };
  }
}
