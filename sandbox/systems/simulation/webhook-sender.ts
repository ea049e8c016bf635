// Sends a system's messages to one subscriber: a bounded number at once, retried by the system's own
// rule until answered with 2xx. Order is not kept. While the system is down nothing leaves.

import { Agent, request } from "undici";
import type { Agenda } from "./agenda.ts";
import type { FaultSwitch } from "./faults.ts";

export interface WebhookMessage {
  url: string;
  body: string;
  /** Made at each attempt, since a signature may hold the time. Gets the bytes that really leave. */
  headers: (body: string) => Record<string, string>;
  onDelivered?: () => void;
  onGivenUp?: () => void;
}

export interface WebhookRule {
  concurrencyMax: number;
  timeoutMs: () => number;
  /** Wait before the next attempt after `attempts` failed ones; undefined gives up. */
  retryAfterMs: (attempts: number) => number | undefined;
}

interface Waiting {
  message: WebhookMessage;
  attempts: number;
}

export class WebhookSender {
  readonly statistics = { sent: 0, delivered: 0, failed: 0, givenUp: 0, dropped: 0 };
  private readonly rule: WebhookRule;
  private readonly faults: FaultSwitch;
  private readonly agenda: Agenda;
  private readonly agent = new Agent({ keepAliveTimeout: 10_000, connections: 32 });
  private queue: Waiting[] = [];
  private head = 0;
  private running = 0;
  private generation = 0;

  constructor(rule: WebhookRule, faults: FaultSwitch, agenda: Agenda) {
    this.rule = rule;
    this.faults = faults;
    this.agenda = agenda;
  }

  send(message: WebhookMessage): void {
    if (this.faults.hit("dropWebhooks")) {
      this.statistics.dropped += 1;
      message.onGivenUp?.();
      return;
    }
    const copies = this.faults.hit("duplicateWebhooks") ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const scattered = this.faults.hit("reorderWebhooks");
      const waitMs = scattered ? this.faults.scatter(scattered.ms ?? 500) : 0;
      this.enqueue({ message, attempts: 0 }, waitMs);
    }
  }

  /** Forgets everything that waits; attempts under way end without effect on the system. */
  clear(): void {
    this.queue = [];
    this.head = 0;
    this.generation += 1;
  }

  async stop(): Promise<void> {
    this.clear();
    await this.agent.destroy();
  }

  private enqueue(waiting: Waiting, waitMs: number): void {
    if (waitMs > 0 || this.faults.active("down")) {
      const { generation } = this;
      this.agenda.after(waitMs, () => {
        if (generation === this.generation) this.enqueue(waiting, 0);
      });
      return;
    }
    this.queue.push(waiting);
    this.pump();
  }

  private pump(): void {
    while (this.running < this.rule.concurrencyMax) {
      const next = this.queue[this.head];
      if (!next) {
        this.queue = [];
        this.head = 0;
        return;
      }
      this.head += 1;
      this.running += 1;
      void this.attempt(next, this.generation).finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
  }

  private async attempt(waiting: Waiting, generation: number): Promise<void> {
    const { message } = waiting;
    const body = this.faults.hit("malformed")
      ? message.body.slice(0, Math.floor(message.body.length / 2))
      : message.body;
    this.statistics.sent += 1;
    const accepted = await this.post(message, body);
    if (generation !== this.generation) return;
    if (accepted) {
      this.statistics.delivered += 1;
      message.onDelivered?.();
      return;
    }
    this.statistics.failed += 1;
    const attempts = waiting.attempts + 1;
    const waitMs = this.rule.retryAfterMs(attempts);
    if (waitMs === undefined) {
      this.statistics.givenUp += 1;
      message.onGivenUp?.();
      return;
    }
    this.enqueue({ message, attempts }, waitMs);
  }

  /** False for an answer that is no 2xx, for none in time and for no connection: all mean "try again". */
  private async post(message: WebhookMessage, body: string): Promise<boolean> {
    try {
      const answer = await request(message.url, {
        method: "POST",
        dispatcher: this.agent,
        headers: { "content-type": "application/json", ...message.headers(body) },
        body,
        headersTimeout: this.rule.timeoutMs(),
        bodyTimeout: this.rule.timeoutMs(),
      });
      await answer.body.dump();
      return answer.statusCode >= 200 && answer.statusCode < 300;
    } catch {
      return false;
    }
  }
}
