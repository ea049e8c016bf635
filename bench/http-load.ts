// A load generator that costs little beside what it measures: keep-alive sockets, requests written whole, answers
// read by their Content-Length. Closed loop: each connection sends when it was answered.
import { connect, type Socket } from "node:net";

export interface LoadResult {
  requests: number;
  /** Answers other than 2xx. */
  failed: number;
  firstFailure: string | undefined;
  elapsedMs: number;
  /** Milliseconds, unsorted. */
  latencies: number[];
}

export interface LoadOptions {
  port: number;
  path: string;
  headers: Record<string, string>;
  connections: number;
  /** The next body, or undefined when there is no more. */
  next(): string | undefined;
  answered?(status: number, body: string): void;
}

export async function closedLoop(options: LoadOptions): Promise<LoadResult> {
  const result: LoadResult = { requests: 0, failed: 0, firstFailure: undefined, elapsedMs: 0, latencies: [] };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: options.connections }, () => runConnection(options, result)));
  result.elapsedMs = performance.now() - startedAt;
  return result;
}

async function runConnection(options: LoadOptions, result: LoadResult): Promise<void> {
  const connection = await HttpConnection.open(options.port, options.path, options.headers);
  for (let body = options.next(); body !== undefined; body = options.next()) {
    const sentAt = performance.now();
    const answer = await connection.post(body);
    result.latencies.push(performance.now() - sentAt);
    result.requests += 1;
    options.answered?.(answer.status, answer.body);
    if (answer.status < 200 || answer.status > 299) {
      result.failed += 1;
      result.firstFailure ??= `${answer.status} ${answer.body.slice(0, 300)}`;
    }
  }
  connection.close();
}

interface Answer {
  status: number;
  body: string;
}

export class HttpConnection {
  private readonly socket: Socket;
  private readonly head: string;
  private received = "";
  private waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket, head: string) {
    this.socket = socket;
    this.head = head;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.take(text));
    const fail = (error?: Error) =>
      this.waiting?.reject(error ?? new Error("the server closed the connection"));
    socket.on("error", fail);
    socket.on("close", () => fail());
  }

  static async open(port: number, path: string, headers: Record<string, string>): Promise<HttpConnection> {
    const socket = connect({ port, host: "127.0.0.1" });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    return new HttpConnection(socket, `POST ${path} HTTP/1.1\r\n${lines.join("")}`);
  }

  post(body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(`${this.head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private take(text: string): void {
    this.received += text;
    const end = this.received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.received.slice(0, end);
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (this.received.length < end + 4 + length) return;
    const body = this.received.slice(end + 4, end + 4 + length);
    this.received = this.received.slice(end + 4 + length);
    const waiting = this.waiting;
    this.waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), body });
  }
}
