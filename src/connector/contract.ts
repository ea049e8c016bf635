// What a connector is: native messages in, canonical events out, canonical messages in, answers out.
// Everything a connector needs is handed to it; it holds no clock, no credentials and no state of ours.
import type { TSchema } from "typebox";
import type { Time } from "../core/time.ts";
import type { FigureMeaning, SourceClock } from "../domains/inventory/policy.ts";
import type { OutboundType, Reference } from "../domains/outbound.ts";
import type { CodeSeeds, CodeTable } from "../policy/codes.ts";
import type { Limits, WriteDeclaration } from "../policy/integration.ts";

export interface Connector<Settings = unknown> {
  name: string;
  title: string;
  settings: TSchema;
  writes: Partial<Record<OutboundType, WriteDeclaration>>;
  figures?: Partial<FigureMeaning>;
  clock?: Partial<SourceClock>;
  limits?: Partial<Limits>;
  /** The product's own codes, where they are known: what its code tables begin with. */
  codes?: CodeSeeds;
  /** Rises with every change of a mapping, so that receipts can be mapped again. */
  mappingRevision: number;
  open(settings: Settings, context: ConnectorContext): ConnectorSession;
}

export interface ConnectorContext {
  /** The system's name in this integration. */
  system: string;
  company: string;
  now(): Time;
  http: HttpClient;
  /** For writers; a mapping is handed its own. */
  codes: WriteCodes;
  log(level: "debug" | "info" | "warn", message: string, facts?: Record<string, unknown>): void;
}

/** What a system's codes mean in ours, as its tables were when the message is mapped. */
export interface ReadCodes {
  /**
   * Where no table knows the code it is answered as it is, and the whole message is kept back until one does: what is
   * mapped from such an answer is thrown away.
   */
  canonical(table: CodeTable, native: string): string;
}

/** Which of a system's codes ours are sent as. */
export interface WriteCodes {
  /** Undefined where no table says: then answer `unmapped`, before anything is sent of the message. */
  native(table: CodeTable, canonical: string): string | undefined;
}

/** One HTTP call. Throws CallFailed; an answer of any status is an answer. */
export interface HttpClient {
  request(call: HttpCall): Promise<HttpAnswer>;
}
export interface HttpCall {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: string;
  headers?: Record<string, string>;
  body?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
  /** A call that has not left by then does not leave; one that has is waited for. */
  stopping?: AbortSignal;
}
export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A message as the system sent it. */
export interface NativeMessage {
  topic: string;
  /** Identity within the source: object and version or time stamp, never a content hash alone. */
  id: string;
  contentType: string;
  body: string | Uint8Array;
}

/** An event that a mapping drew from a native message. */
export interface MappedEvent {
  type: string;
  data: unknown;
  /** When it happened, by the source's clock; absent: taken from the data's own time. */
  time?: Time;
  /**
   * The source's own identity of what is said, where one statement can come in several messages: a row that is
   * written into two files. The second one is a duplicate. Absent: the message's identity guards it.
   */
  id?: string;
}

/** A row of a message that could not be mapped, while the others could. */
export interface RowProblem {
  /** Of the message, from 1. */
  line: number;
  reason: string;
}

export type Mapping =
  | { events: MappedEvent[]; problems?: RowProblem[] }
  | { ignored: string }
  | { failed: string; path?: string };

export interface Webhook {
  /** Throws `webhook.unsigned` where the signature does not fit. Never reads beyond headers and body. */
  verify(headers: Record<string, string | string[] | undefined>, body: Uint8Array, now: Time): void;
  /** One request may carry several native messages. */
  split(body: Uint8Array, headers: Record<string, string | string[] | undefined>): NativeMessage[];
}

/** What must have been sent, by the source's own numbers, and has not come. */
export interface MissingNumbers {
  /** What is numbered, as people call it: `rows`. */
  stream: string;
  /** Such as `7, 12-14`; empty where nothing is missing. */
  numbers: string;
}

export interface PollResult {
  messages: NativeMessage[];
  /** Where the next read begins; committed with the messages. */
  cursor: string;
  more: boolean;
  /** Of each stream that the source numbers; absent: it numbers none. */
  missing?: MissingNumbers[];
  /** Done after the commit: a file is archived, a message acknowledged. Must bear repetition. */
  acknowledge?(): Promise<void>;
}

export interface Poll {
  everyMs: number;
  /** Reads what is new since the cursor, with an overlap where the source's clock is coarse. */
  read(cursor: string | null, signal: AbortSignal): Promise<PollResult>;
  /**
   * A cursor from which all that was made or changed since then is read. With it what a census lists, and no reading
   * brought, is read again, beside the poll's own cursor: messages that came before must have the identity they had.
   */
  since?(time: Time): string;
}

export interface OutboundMessage<Payload = unknown> {
  deliveryId: string;
  type: OutboundType;
  /** The same for every attempt: the business key and the idempotency key. */
  key: string;
  payload: Payload;
  attempt: number;
}

/** What the target said of one record. */
export type Answer =
  /** `facts` are recorded in the transaction that settles the delivery. */
  | { kind: "done"; reference?: string; facts?: MappedEvent[] }
  /** A healthy system will never take this: parked, with an exception. */
  | { kind: "refused"; code: string; reason: string; facts?: MappedEvent[] }
  /** Ask again later: 429, 503, locked. */
  | { kind: "busy"; reason: string; retryAfterMs?: number }
  /** The system is ill: 5xx, no connection, nothing sent. */
  | { kind: "ill"; reason: string }
  /** Something may have happened: a time-out or a broken connection after the request left. */
  | { kind: "unknown"; reason: string }
  /** The target lacks what the record names. */
  | { kind: "missing"; references: Reference[] }
  /** No code table says what one of our codes is there; nothing was sent. It is sent when one does. */
  | { kind: "unmapped"; table: CodeTable; code: string }
  /** Credentials no longer hold. */
  | { kind: "denied"; reason: string };

/** Of a call that did not do what was asked, whatever the reason. */
export type Failure = Exclude<Answer, { kind: "done" | "missing" | "unmapped" }>;

/** How long a call may take, and who may end it before. */
export interface CallLimits {
  timeoutMs: number;
  /** The call is given up, wherever it stands. */
  signal: AbortSignal;
  /**
   * The node stops. What has not left should not leave, and who only waits for word that comes by another way, such
   * as a file, should answer `unknown` at once: it is looked up later. What has left is waited for.
   */
  stopping?: AbortSignal;
}

export interface Writer {
  /** One answer per message, in their order. Never throws for what the target says. */
  send(messages: OutboundMessage[], call: CallLimits): Promise<Answer[]>;
  /** For `lookup`: is it there already? */
  find?(message: OutboundMessage, call: CallLimits): Promise<Found>;
}
export type Found =
  | { kind: "found"; reference?: string; facts?: MappedEvent[] }
  | { kind: "absent" }
  | { kind: "unknown"; reason: string }
  /** It may be there, and looking again will say no more: a person decides. */
  | { kind: "doubtful"; reason: string };

/** What a readable system holds, for the proof that nothing is missing. */
export interface Census {
  domain: string;
  ids: string[];
  /** The poll that brings these, where it has `since`. */
  poll?: string;
}

export interface ConnectorSession {
  /** Pure: the native message and the codes decide, and nothing else. */
  map(message: NativeMessage, codes: ReadCodes): Mapping;
  webhooks?: Record<string, Webhook>;
  polls?: Record<string, Poll>;
  writers: Partial<Record<OutboundType, Writer>>;
  /** Resolves when the system answers; rejects with what is wrong. */
  health(signal: AbortSignal): Promise<void>;
  /** `signal`: nobody waits for it any more. */
  census?(window: { from: Time; to: Time }, signal?: AbortSignal): Promise<Census[]>;
  close(): Promise<void>;
}
