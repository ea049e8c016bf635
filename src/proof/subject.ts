// What a connector's author says of the system that it is proved against: where it runs, how to change something in
// it, and how to count an effect there by another way than the connector's.
import type { OutboundMessage } from "../connector/contract.ts";
import type { OutboundType } from "../domains/outbound.ts";
import type { SystemDeclaration } from "../policy/integration.ts";

/** What must come of a change: an event of this type, with these figures among its data. */
export interface Expected {
  type: string;
  data: Record<string, unknown>;
}

export interface ReadSubject {
  /** Makes so many changes, each of something else, as the system's users do; resolves when they are committed. */
  change(count: number): Promise<Expected[]>;
  /** Begins a change that is committed later: a cursor that goes by time or number may have passed it by then. */
  begin?(): Promise<{ expected: Expected; commit(): Promise<void> }>;
}

export interface WriteSubject {
  /** A message that the system will take, each time of another business key. */
  message(): OutboundMessage | Promise<OutboundMessage>;
  /** How often its effect stands in the system now. */
  effects(message: OutboundMessage): Promise<number>;
}

export interface Subject {
  /** Where the system runs. */
  upstream: string;
  /** As in a configuration, with this address in place of the system's: `(url) => ledgerline({ url, … })`. */
  system(url: string): SystemDeclaration;
  /** By poll. */
  reads?: Record<string, ReadSubject>;
  /** By message type. */
  writes?: Partial<Record<OutboundType, WriteSubject>>;
  /** Claims that cannot be proved here, each with its reason. */
  skip?: Record<string, string>;
  /** How long a call may take, 2,000 unless said otherwise; what is delayed takes twice as long. */
  timeoutMs?: number;
}
