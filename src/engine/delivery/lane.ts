// One lane in memory: the front of its unsettled messages in order, and how its first one stands. Newest-wins
// messages are joined as they arrive, so that a lane behind a target that is down does not grow.
import type { OutboundType, Reference } from "../../domains/outbound.ts";
import type { PendingDelivery } from "../../store/delivery.ts";
import type { LaneRow } from "../../store/delivery-load.ts";

/** A group that was claimed together; its row goes when everything in it is answered. */
export interface Claim {
  id: number;
  open: number;
}

export interface Entry {
  id: number;
  type: OutboundType;
  key: string;
  flow: string;
  class: number;
  merge: boolean;
  verify: boolean;
  causeSeq: number;
  correlationId: string | undefined;
  requires: readonly Reference[];
  payload: string;
  attempts: number;
  /** The exception that it is part of. */
  problem: string | null;
  /** Ids of older ones that this one replaces. */
  merged: number[];
  claim: Claim | null;
  /** How many of its ids the claim holds. */
  claimed: number;
}

export type Phase =
  /** Nothing to do: empty, or its front must be read from the table. */
  | "idle"
  /** In a queue, its first message may be sent. */
  | "ready"
  /** Picked: being claimed, sent or looked up. */
  | "busy"
  /** Answered, waits for the commit. */
  | "settling"
  /** Waits for a time. */
  | "delayed";

export class Lane {
  readonly name: string;
  readonly entries: Entry[] = [];
  /** False: the table holds more behind what is here, or it was not read yet. */
  complete: boolean;
  /** Its front is being read. */
  loading = false;
  /** The newest id that was ever in `entries`. */
  tailId = 0;
  phase: Phase = "idle";
  /** The most urgent class of its messages: an urgent one lends its class to those before it. */
  class = 3;
  readySince = 0;
  /** The queue that it stands in; another place it once had is void. */
  queued = -1;

  /** Failures in a row of the first message, and since when. */
  failures = 0;
  failedSince = 0;
  /** Failures with a success of the same type in other lanes since the one before. */
  contradicted = 0;
  successesSeen = -1;
  /** Its outcome is unknown: look it up before anything is sent. */
  doubt = false;
  /** Failed so often while others succeeded that it is parked once it is known not to have taken effect. */
  condemned = false;
  /** Stood in a call that failed as a whole: sent apart from lanes that did not. */
  suspect = false;
  /** Suspects that are sent together when this one is due. */
  group: Lane[] | null = null;
  /** Delayed because the target was ill: tried again as soon as it is not. */
  outage = false;
  dueAt = 0;
  /** While a request may still be running: nothing is sent before, however well the target is. */
  notBefore = 0;
  /** After a takeover: only the first message may be sent before, as the old owner may have sent it. */
  heldUntil = 0;

  constructor(name: string, complete: boolean) {
    this.name = name;
    this.complete = complete;
  }

  head(): Entry {
    return this.entries[0]!;
  }

  /** Appends in id order. True: joined with the one before, so that no message was added. */
  append(entry: Entry, joinHead: boolean): boolean {
    this.tailId = entry.id;
    if (this.entries.length === 0 || entry.class < this.class) this.class = entry.class;
    const last = this.entries.at(-1);
    const free = this.entries.length > 1 || joinHead;
    if (last !== undefined && free && isJoinable(last, entry)) {
      join(last, entry);
      return true;
    }
    this.entries.push(entry);
    return false;
  }

  /** Takes the first message away, settled; what follows starts with a clean record. */
  shift(): Entry {
    const entry = this.entries.shift()!;
    this.class = this.entries.reduce((most, e) => Math.min(most, e.class), 3);
    this.forgetFailures();
    this.dueAt = this.heldUntil;
    this.notBefore = this.heldUntil;
    this.doubt = false;
    this.suspect = false;
    this.group = null;
    return entry;
  }

  forgetFailures(): void {
    this.failures = 0;
    this.failedSince = 0;
    this.contradicted = 0;
    this.condemned = false;
    this.successesSeen = -1;
    this.outage = false;
  }

  /** Whether a newer message may still replace the first one. */
  headIsFree(): boolean {
    return (this.phase === "ready" || this.phase === "delayed" || this.phase === "idle") && !this.doubt;
  }
}

function isJoinable(older: Entry, newer: Entry): boolean {
  return older.merge && newer.merge && older.type === newer.type && older.key === newer.key;
}

/** The older one takes on what the newer one says; its own id joins those that are replaced. */
function join(older: Entry, newer: Entry): void {
  older.merged.push(older.id);
  older.id = newer.id;
  older.payload = newer.payload;
  older.causeSeq = newer.causeSeq;
  older.correlationId = newer.correlationId;
  older.requires = newer.requires;
  older.attempts = newer.attempts;
  older.problem ??= newer.problem;
  older.claim = newer.claim ?? older.claim;
  older.claimed += newer.claimed;
}

export function entryFromPending(row: PendingDelivery): Entry {
  return {
    id: row.id,
    type: row.type,
    key: row.key,
    flow: row.flow,
    class: row.class,
    merge: row.merge,
    verify: row.verify === true,
    causeSeq: row.causeSeq,
    correlationId: row.correlationId,
    requires: row.requires ?? [],
    payload: row.payload,
    attempts: 0,
    problem: null,
    merged: [],
    claim: null,
    claimed: 0,
  };
}

export function entryFromRow(row: LaneRow): Entry {
  return {
    id: row.id,
    type: row.type,
    key: row.key,
    flow: row.flow,
    class: row.class,
    merge: row.merge,
    verify: row.verify,
    causeSeq: row.causeSeq,
    correlationId: row.correlationId,
    requires: row.requires,
    payload: row.payload,
    attempts: row.attempts,
    problem: row.problem,
    merged: [],
    claim: null,
    claimed: 0,
  };
}
