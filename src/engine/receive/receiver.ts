// The way in for native messages: webhooks as they come, polls while this node owns the system. A poll's cursor
// moves in the transaction that keeps its messages; what is acknowledged to the source comes after.

import type { Poll } from "../../connector/contract.ts";
import { CrossdockError } from "../../core/errors.ts";
import type { Time } from "../../core/time.ts";
import type { Database } from "../../postgres/pool.ts";
import { readCursor } from "../../store/intake.ts";
import type { Outcome } from "../log/incoming.ts";
import type { Recorder } from "../log/recorder.ts";
import { Completeness } from "./completeness.ts";
import { incomingNative, type NativeSource } from "./native.ts";

export interface ReceiverOptions {
  db: Database;
  recorder: Recorder;
  sources: ReadonlyMap<string, NativeSource>;
  /** May this node poll the system now? */
  owns(system: string): boolean;
  now(): Time;
  /** A poll failed, or works again (`error` undefined). */
  polled(system: string, poll: string, error: unknown): void;
}

const FAILED_POLL_MS = 1_000;
const FAILED_POLL_MAX_MS = 30_000;

export class Receiver {
  private readonly options: ReceiverOptions;
  private readonly stopping = new AbortController();
  private readonly completeness: Completeness;
  private loops: Promise<void>[] = [];

  constructor(options: ReceiverOptions) {
    this.options = options;
    this.completeness = new Completeness(options.db);
  }

  /** Verifies, keeps and maps one request. Throws `webhook.unknown-topic`, `webhook.unsigned`. */
  async webhook(
    system: string,
    topic: string,
    headers: Record<string, string | string[] | undefined>,
    body: Uint8Array,
  ): Promise<Outcome[]> {
    const source = this.options.sources.get(system);
    const webhook = source?.session.webhooks?.[topic];
    if (source === undefined || webhook === undefined) {
      throw new CrossdockError("webhook.unknown-topic", `${system} has no webhook ${topic}.`);
    }
    webhook.verify(headers, body, this.options.now());
    const messages = webhook.split(body, headers);
    return this.options.recorder.record(messages.map((message) => incomingNative(source, message)));
  }

  /**
   * Reads again, beside the poll's own cursor, all that was made since then; what came before is a duplicate. False
   * where the connector cannot.
   */
  async readAgain(system: string, name: string, since: Time, signal: AbortSignal): Promise<boolean> {
    const source = this.options.sources.get(system);
    const poll = source?.session.polls?.[name];
    if (source === undefined || poll?.since === undefined) return false;
    for (let cursor = poll.since(since), more = true; more; ) {
      signal.throwIfAborted();
      const result = await this.unlessStopped(poll.read(cursor, signal));
      await this.options.recorder.record(result.messages.map((message) => incomingNative(source, message)));
      await result.acknowledge?.();
      ({ cursor, more } = result);
    }
    return true;
  }

  start(): void {
    for (const source of this.options.sources.values()) {
      for (const [name, poll] of Object.entries(source.session.polls ?? {}))
        this.loops.push(this.loop(source, name, poll));
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.loops);
  }

  private async loop(source: NativeSource, name: string, poll: Poll): Promise<void> {
    let failures = 0;
    while (!this.stopping.signal.aborted) {
      let waitMs = poll.everyMs;
      if (this.options.owns(source.system)) {
        try {
          const more = await this.pollOnce(source, name, poll);
          if (failures > 0) this.options.polled(source.system, name, undefined);
          failures = 0;
          if (more) waitMs = 0;
        } catch (error) {
          if (this.stopping.signal.aborted) return;
          failures += 1;
          this.options.polled(source.system, name, error);
          waitMs = Math.min(FAILED_POLL_MAX_MS, FAILED_POLL_MS * 2 ** Math.min(failures - 1, 10));
        }
      } else this.completeness.forget(source.system);
      await this.sleep(waitMs);
    }
  }

  private async pollOnce(source: NativeSource, name: string, poll: Poll): Promise<boolean> {
    const { db, recorder } = this.options;
    const cursor = await readCursor(db, source.system, name);
    const result = await this.unlessStopped(poll.read(cursor, this.stopping.signal));
    const items = result.messages.map((message) => incomingNative(source, message));
    if (items.length > 0 || result.cursor !== cursor) {
      await recorder.record(items, { system: source.system, poll: name, cursor: result.cursor });
    }
    await result.acknowledge?.();
    if (result.missing !== undefined) await this.completeness.say(source.system, result.missing);
    return result.more;
  }

  /** A source that does not hear that it is taken back is not waited for: what it reads is read again. */
  private unlessStopped<Result>(read: Promise<Result>): Promise<Result> {
    const { signal } = this.stopping;
    return new Promise((resolve, reject) => {
      const stopped = () => reject(signal.reason);
      if (signal.aborted) stopped();
      signal.addEventListener("abort", stopped);
      read.then(resolve, reject).finally(() => signal.removeEventListener("abort", stopped));
    });
  }

  private sleep(ms: number): Promise<void> {
    if (ms <= 0 || this.stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.stopping.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.stopping.signal.addEventListener("abort", done);
    });
  }
}
