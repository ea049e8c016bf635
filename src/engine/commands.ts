// Commands that are answered now: they share transactions as events do, decide in sequence in memory, and each
// is answered after the commit with the decision. Who sends one again with the same key gets the same answer.
import { CrossdockError } from "../core/errors.ts";
import type { RecordedEvent } from "../domains/event.ts";
import type { Order } from "../domains/order/state.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import type { AppendEvent } from "../store/event.ts";
import { findAnswers, saveAnswers } from "../store/idempotency.ts";
import type { Rules } from "./projection/rules.ts";
import { type Applied, applyEvents } from "./projection/transaction.ts";
import type { WorkingSet } from "./projection/working-set.ts";

/** What a caller sends again unchanged when it did not hear the answer. */
export interface IdempotencyKey {
  client: string;
  key: string;
  /** Hash of the request: the same key with another request is a mistake. */
  request: string;
}

export interface CommandAnswer {
  /** The order as it stands after the commit, null where there is none. */
  order: Order | null;
  /** As it stood before this command. */
  before: Order | null;
}

interface Pending {
  event: RecordedEvent;
  idempotency: IdempotencyKey | undefined;
  render(answer: CommandAnswer): { status: number; body: unknown };
  resolve(answer: { status: number; body: unknown; replayed: boolean }): void;
  reject(error: unknown): void;
}

export interface CommandsOptions {
  db: Database;
  rules: Rules;
  sinceDay(): string;
  applied(result: Applied): void;
}

const GROUP_MAX = 64;
const QUEUE_MAX = 20_000;

export class Commands {
  private readonly options: CommandsOptions;
  private queue: Pending[] = [];
  private busy = false;
  private idle: (() => void)[] = [];

  constructor(options: CommandsOptions) {
    this.options = options;
  }

  /** `event` is recorded and applied in one transaction; `render` makes the answer that is kept for repeats. */
  submit(
    event: AppendEvent,
    render: Pending["render"],
    idempotency?: IdempotencyKey,
  ): Promise<{ status: number; body: unknown; replayed: boolean }> {
    if (this.queue.length >= QUEUE_MAX) {
      throw new CrossdockError("command.overloaded", "Too many commands are waiting; send again later.", {
        retry: "later",
      });
    }
    const { text: _text, causeSeq: _cause, ...rest } = event;
    // Applied by the transaction that records it, like a decision.
    const recorded: RecordedEvent = { ...rest, seq: 0, recordedAt: event.time, decided: true };
    return new Promise((resolve, reject) => {
      this.queue.push({ event: recorded, idempotency, render, resolve, reject });
      void this.pump();
    });
  }

  drained(): Promise<void> {
    if (!this.busy && this.queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private async pump(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    while (this.queue.length > 0) await this.runGroup(this.queue.splice(0, this.groupLength()));
    this.busy = false;
    for (const done of this.idle.splice(0)) done();
  }

  /** One command of an order or an Idempotency-Key at a time: each is answered with what it alone brought about. */
  private groupLength(): number {
    const taken = new Set<string>();
    for (const [index, { event, idempotency }] of this.queue.entries()) {
      const answer = idempotency === undefined ? undefined : answerKey(idempotency);
      if (index >= GROUP_MAX || taken.has(event.key) || (answer !== undefined && taken.has(answer)))
        return index;
      taken.add(event.key);
      if (answer !== undefined) taken.add(answer);
    }
    return this.queue.length;
  }

  private async runGroup(group: Pending[]): Promise<void> {
    try {
      await this.commit(group);
    } catch (error) {
      // After a fault of the database the outcome may be unknown: who asked decides whether to ask again.
      if (group.length === 1 || isDatabaseFault(error)) for (const one of group) one.reject(error);
      // A bad one among them fails alone.
      else for (const one of group) await this.runGroup([one]);
    }
  }

  private async commit(group: Pending[]): Promise<void> {
    const answers = new Map<Pending, { status: number; body: unknown; replayed: boolean }>();
    const before = new Map<Pending, Order>();
    const applied = await applyEvents({
      db: this.options.db,
      rules: this.options.rules,
      events: group.map((pending) => pending.event),
      catchUp: true,
      sinceDay: this.options.sinceDay(),
      prelude: (tx) => this.replayKnown(tx, group, answers),
      loaded: (set) => {
        before.clear();
        for (const pending of group) {
          const order = set.orders.get(pending.event.key)?.order;
          if (order) before.set(pending, order);
        }
      },
      epilogue: (tx, set) => this.answer(tx, set, group, answers, before),
    });
    this.options.applied(applied);
    for (const pending of group) pending.resolve(answers.get(pending)!);
  }

  /** Answers that were given before are given again; the rest are commands. */
  private async replayKnown(
    tx: Transaction,
    group: Pending[],
    answers: Map<Pending, { status: number; body: unknown; replayed: boolean }>,
  ) {
    answers.clear();
    for (const pending of group) {
      pending.event.seq = 0;
    }
    const keyed = group.filter((pending) => pending.idempotency !== undefined);
    if (keyed.length === 0) return undefined;
    const known = await findAnswers(
      tx,
      keyed.map((pending) => pending.idempotency!),
    );
    const done = new Set<RecordedEvent>();
    for (const pending of keyed) {
      const { client, key, request } = pending.idempotency!;
      const stored = known.get(answerKey({ client, key }));
      if (stored === undefined) continue;
      done.add(pending.event);
      answers.set(
        pending,
        stored.request === request
          ? { status: stored.status, body: stored.body, replayed: true }
          : otherRequest(key),
      );
    }
    return done;
  }

  private async answer(
    tx: Transaction,
    set: WorkingSet,
    group: Pending[],
    answers: Map<Pending, { status: number; body: unknown; replayed: boolean }>,
    before: ReadonlyMap<Pending, Order>,
  ): Promise<void> {
    const fresh = group.filter((pending) => !answers.has(pending));
    for (const pending of fresh) {
      const order = set.orders.get(pending.event.key)?.order ?? null;
      const answer = pending.render({ order, before: before.get(pending) ?? null });
      answers.set(pending, { ...answer, replayed: false });
    }
    const kept = fresh.filter((pending) => pending.idempotency !== undefined);
    if (kept.length === 0) return;
    // Another node that was given the same command at the same time is waited for; started over, this one finds
    // that answer.
    await saveAnswers(
      tx,
      kept.map((pending) => ({ ...pending.idempotency!, ...answers.get(pending)! })),
    );
  }
}

const answerKey = ({ client, key }: Pick<IdempotencyKey, "client" | "key">) => `${client}\u0000${key}`;

const isDatabaseFault = (error: unknown) =>
  error instanceof CrossdockError && error.retry === "later" && error.code.startsWith("postgres.");

function otherRequest(key: string) {
  return {
    status: 422,
    body: {
      type: "about:blank",
      title: "Idempotency-Key was used for another request",
      status: 422,
      code: "command.key-reused",
      detail: `The key ${key} belongs to a request with other content; use a new key.`,
    },
    replayed: true,
  };
}
