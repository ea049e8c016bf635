// Requests under way to one target. Every one ends: by its answer, by what its connector throws, or by the clock.
import { CallFailed } from "../../connector/call-failed.ts";
import type { Answer, Found, OutboundMessage } from "../../connector/contract.ts";
import type { Clock } from "../cluster/context.ts";
import type { Call } from "./call.ts";
import type { Lane } from "./lane.ts";

export interface RequestsOptions {
  clock: Clock;
  timeoutMs: number;
  /** Told first, whatever came of it. */
  ended(call: Call): void;
  answered(call: Call, answers: readonly Answer[]): void;
  found(call: Call, found: Found): void;
  /** It had not left when the waits were ended. */
  stayed(call: Call): void;
}

/** A call that its connector does not end is ended this long after its time-out. */
const OVERDUE_MS = 1_000;

export class Requests {
  private readonly options: RequestsOptions;
  private readonly calls = new Set<Call>();
  private readonly stopping = new AbortController();
  private runningUntil = 0;

  constructor(options: RequestsOptions) {
    this.options = options;
  }

  size(): number {
    return this.calls.size;
  }

  /** Until when a request whose outcome is unknown may still be running. */
  until(): number {
    return this.runningUntil;
  }

  start(call: Call): void {
    const { clock, timeoutMs } = this.options;
    this.calls.add(call);
    call.startedAt = clock.ms();
    call.controller = new AbortController();
    const how = { timeoutMs, signal: call.controller.signal, stopping: this.stopping.signal };
    const messages = call.lanes.map((lane) => messageOf(lane, call.act));
    try {
      if (call.act === "find")
        call.route.writer.find!(messages[0]!, how).then(
          (found) => this.found(call, found),
          (error) => this.threw(call, error),
        );
      else
        call.route.writer.send(messages, how).then(
          (answers) => this.answered(call, answers),
          (error) => this.threw(call, error),
        );
    } catch (error) {
      this.threw(call, error);
    }
  }

  endOverdue(): void {
    const { clock, timeoutMs } = this.options;
    const now = clock.ms();
    for (const call of this.calls) {
      if (now - call.startedAt < timeoutMs + OVERDUE_MS) continue;
      call.controller?.abort();
      this.threw(call, new Error("the connector did not end its call in time"));
    }
  }

  /** Nothing more is waited for but sends that have left. Who looked something up looks again later. */
  endWaits(): void {
    this.stopping.abort();
    for (const call of this.calls) {
      if (call.act !== "find") continue;
      call.controller?.abort();
      this.end(call);
    }
  }

  abort(): void {
    for (const call of this.calls) call.controller?.abort();
  }

  private answered(call: Call, answers: readonly Answer[]): void {
    if (call.over) return;
    if (answers.some((answer) => answer.kind === "unknown")) this.note(call);
    // Taken back, or the target is as ill as before: nothing has come of it, and nobody is to hear of an outage.
    if (this.stopping.signal.aborted && answers.every((answer) => answer.kind === "ill")) {
      call.over = true;
      this.calls.delete(call);
      this.options.stayed(call);
      return;
    }
    this.end(call);
    this.options.answered(call, answers);
  }

  private found(call: Call, found: Found): void {
    if (this.end(call)) this.options.found(call, found);
  }

  /** A connector must not throw for what a target says; what happened is then as unknown as it can be. */
  private threw(call: Call, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (call.act === "find") {
      this.found(call, { kind: "unknown", reason });
      return;
    }
    const unsent = error instanceof CallFailed && !error.sent;
    this.answered(
      call,
      call.lanes.map(() => ({ kind: unsent ? "ill" : "unknown", reason })),
    );
  }

  private note(call: Call): void {
    this.runningUntil = Math.max(this.runningUntil, call.startedAt + this.options.timeoutMs);
  }

  private end(call: Call): boolean {
    if (call.over) return false;
    call.over = true;
    this.calls.delete(call);
    this.options.ended(call);
    return true;
  }
}

function messageOf(lane: Lane, act: Call["act"]): OutboundMessage {
  const head = lane.head();
  if (act === "send") head.attempts += 1;
  return {
    deliveryId: String(head.id),
    type: head.type,
    key: head.key,
    payload: JSON.parse(head.payload),
    attempt: head.attempts,
  };
}
