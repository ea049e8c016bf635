// HTTP/1.1 with kept connections, at most `connections` to one origin, one request at a time on each. An answer
// of any status is an answer; no answer throws CallFailed. Follows no redirect and repeats nothing by itself.
import { type Dispatcher, Pool } from "undici";
import { excerpt } from "../core/excerpt.ts";
import { CallFailed } from "./call-failed.ts";
import type { HttpAnswer, HttpCall, HttpClient } from "./contract.ts";

export interface HttpClientOptions {
  /** Connections to one origin; further calls wait for one. */
  connections: number;
  /** For the whole of a call that says no other: waiting, connecting, sending and reading. */
  timeoutMs: number;
  /** A longer answer is broken off. */
  answerBytesMax?: number;
}

export interface ClosableHttpClient extends HttpClient {
  /** Resolves when the calls under way have ended. */
  close(): Promise<void>;
}

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const USER_AGENT = "crossdock";

// `dispatch` with a handler of our own costs 26 µs of processor time a call here, `request` with its stream 28 to
// 38 µs (32 connections, small bodies, Node 26).
export function createHttpClient(options: HttpClientOptions): ClosableHttpClient {
  const origins = new Map<string, Origin>();
  const originOf = (address: Address): Origin => {
    let origin = origins.get(address.origin);
    if (origin === undefined) {
      origin = new Origin(address.origin, options);
      origins.set(address.origin, origin);
    }
    return origin;
  };
  return {
    request(call) {
      const address = locate(call.url);
      if (address === undefined) {
        const message = `${excerpt(call.url)} is no http or https URL.`;
        return Promise.reject(new CallFailed("http.invalid-call", message, { sent: false }));
      }
      return originOf(address).request(call, address.path);
    },
    async close() {
      await Promise.all([...origins.values()].map((origin) => origin.close()));
    },
  };
}

interface Address {
  origin: string;
  path: string;
}

/** Splits a URL without parsing it where it is plain; a call that is made 10,000 times a second is. */
function locate(url: string): Address | undefined {
  const start = url.startsWith("http://") ? 7 : url.startsWith("https://") ? 8 : -1;
  if (start < 0) return undefined;
  const slash = url.indexOf("/", start);
  if (
    slash > start &&
    /^[A-Za-z0-9.:[\]-]+$/.test(url.slice(start, slash)) &&
    /^[!"$-~]*$/.test(url.slice(slash))
  ) {
    return { origin: url.slice(0, slash), path: url.slice(slash) };
  }
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname, search, username } = new URL(url);
  return username === "" ? { origin, path: pathname + search } : undefined;
}

/** One origin's connections and the calls that wait for one. */
class Origin {
  private readonly pool: Pool;
  private readonly options: HttpClientOptions;
  private readonly waiting = new Set<Call>();
  private readonly whenDrained: (() => void)[] = [];
  private closing: Promise<void> | undefined;
  private inFlight = 0;

  constructor(origin: string, options: HttpClientOptions) {
    this.options = options;
    this.pool = new Pool(origin, {
      connections: options.connections,
      pipelining: 1,
      allowH2: false,
      connectTimeout: Math.min(options.timeoutMs, 10_000),
      // Each call has one limit for all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  request(call: HttpCall, path: string): Promise<HttpAnswer> {
    if (call.signal?.aborted || call.stopping?.aborted) {
      const message = `${call.method} ${withoutQuery(call.url)}: the call was taken back before it began.`;
      return Promise.reject(new CallFailed("http.cancelled", message, { sent: false }));
    }
    return new Promise((resolve, reject) => {
      const running = new Call(call, path, this.options, resolve, reject, (started) => {
        if (started) this.inFlight -= 1;
        else this.waiting.delete(running);
        this.next();
      });
      this.waiting.add(running);
      this.next();
    });
  }

  close(): Promise<void> {
    // Nobody asks for what is left by then: a connection that is still being made would be waited for.
    this.closing ??= this.drained().then(() => this.pool.destroy());
    return this.closing;
  }

  /** Resolves when no call waits or is under way. */
  private async drained(): Promise<void> {
    if (this.waiting.size + this.inFlight > 0)
      await new Promise<void>((resolve) => this.whenDrained.push(resolve));
  }

  private next(): void {
    for (const call of this.waiting) {
      if (this.inFlight >= this.options.connections) return;
      this.waiting.delete(call);
      this.inFlight += 1;
      call.start(this.pool);
    }
    if (this.inFlight === 0) for (const resolve of this.whenDrained.splice(0)) resolve();
  }
}

/** One call from its first wait to its last byte. */
class Call implements Dispatcher.DispatchHandler {
  private settled = false;
  private readonly call: HttpCall;
  private readonly path: string;
  private readonly bytesMax: number;
  private readonly resolve: (answer: HttpAnswer) => void;
  private readonly reject: (failure: CallFailed) => void;
  /** Told once, whether the call had been started. */
  private readonly ended: (started: boolean) => void;
  private readonly timer: NodeJS.Timeout;
  private readonly cancel = () => this.giveUp("http.cancelled", "the call was taken back");
  private readonly stay = () => {
    if (!this.sent) this.cancel();
  };
  private started = false;
  private sent = false;
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private headers: HttpAnswer["headers"] = {};
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    call: HttpCall,
    path: string,
    options: HttpClientOptions,
    resolve: (answer: HttpAnswer) => void,
    reject: (failure: CallFailed) => void,
    ended: (started: boolean) => void,
  ) {
    this.call = call;
    this.path = path;
    this.bytesMax = options.answerBytesMax ?? ANSWER_BYTES_MAX;
    this.resolve = resolve;
    this.reject = reject;
    this.ended = ended;
    const timeoutMs = call.timeoutMs ?? options.timeoutMs;
    this.timer = setTimeout(
      () => this.giveUp("http.timeout", `there was no answer within ${timeoutMs} ms`),
      timeoutMs,
    );
    call.signal?.addEventListener("abort", this.cancel, { once: true });
    call.stopping?.addEventListener("abort", this.stay, { once: true });
  }

  start(pool: Pool): void {
    this.started = true;
    const { method, headers, body } = this.call;
    const given =
      headers === undefined ? { "user-agent": USER_AGENT } : { "user-agent": USER_AGENT, ...headers };
    pool.dispatch({ path: this.path, method, headers: given, body: body ?? null }, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, the request is dropped and its connection kept; aborted, the connection would be closed with it.
    if (this.settled) throw new Error("The call ended before it was sent.");
    this.controller = controller;
    this.sent = true;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HttpAnswer["headers"]): void {
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    if (Number(headers["content-length"] ?? 0) > this.bytesMax) this.refuseSize();
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > this.bytesMax) this.refuseSize();
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (!this.settle()) return;
    const body = decode(this.chunks, this.headers["content-type"]);
    this.resolve({ status: this.status, headers: this.headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    if (!this.settle()) return;
    const { sent } = this;
    const code = (error as { code?: string }).code;
    const where = this.where();
    if (code === "UND_ERR_INVALID_ARG") {
      this.reject(
        new CallFailed("http.invalid-call", `${where} cannot be called: ${error.message}.`, {
          sent,
          cause: error,
        }),
      );
    } else if (sent) {
      const message = `${where}: the connection broke before the answer was complete (${reasonOf(error)}).`;
      this.reject(new CallFailed("http.broken-off", message, { sent, cause: error }));
    } else {
      const message = `${where} cannot be reached (${reasonOf(error)}).`;
      this.reject(new CallFailed("http.unreachable", message, { sent, cause: error }));
    }
  }

  private refuseSize(): void {
    this.giveUp("http.answer-too-large", `the answer is longer than ${this.bytesMax} bytes`);
  }

  private giveUp(code: "http.timeout" | "http.cancelled" | "http.answer-too-large", what: string): void {
    if (!this.settle()) return;
    const failure = new CallFailed(code, `${this.where()}: ${what}.`, { sent: this.sent });
    this.controller?.abort(failure);
    this.reject(failure);
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.timer);
    this.call.signal?.removeEventListener("abort", this.cancel);
    this.call.stopping?.removeEventListener("abort", this.stay);
    this.ended(this.started);
    return true;
  }

  private where(): string {
    return `${this.call.method} ${withoutQuery(this.call.url)}`;
  }
}

/** Products put keys into queries. */
function withoutQuery(url: string): string {
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

function reasonOf(error: Error): string {
  const { code } = error as { code?: string };
  const [inner] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  const message = error.message || inner?.message || error.name;
  return code === undefined || message.includes(code) ? message : `${code}: ${message}`;
}

function decode(chunks: Buffer[], contentType: string | string[] | undefined): string {
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  const charset = typeof contentType === "string" ? /charset="?([\w-]+)/i.exec(contentType)?.[1] : undefined;
  if (charset === undefined || /^utf-?8$/i.test(charset)) return bytes.toString("utf8");
  return decoderOf(charset).decode(bytes);
}

/** UTF-8 where the charset is one that nobody knows. */
function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder();
    throw error;
  }
}
