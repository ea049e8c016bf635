// Stands between a connector and a running system, forwards what passes, and spoils the calls it is told to: before
// their effect, after it, or in the middle of the answer.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { request as secureRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";

export type Fault =
  /** The connection breaks before the system has seen anything. */
  | { kind: "reset" }
  /** The system has done it; its answer is lost. */
  | { kind: "drop-answer" }
  /** The answer breaks off in its middle. */
  | { kind: "truncate" }
  /** The answer comes so late. */
  | { kind: "delay"; ms: number }
  /** The system gets the same request twice. */
  | { kind: "duplicate" }
  /** The system never sees it; somebody on the way answers. */
  | { kind: "answer"; status: number; headers?: Record<string, string>; body?: string };

export interface FaultProxy {
  /** To be used in place of the system's address. */
  readonly url: string;
  /** Calls that have come so far. */
  readonly calls: number;
  /** The call after `skip` others is spoilt, once; Infinity `times`: every one from then on. */
  spoil(fault: Fault, skip?: number, times?: number): void;
  /** Nothing is spoilt any more. */
  mend(): void;
  /** Called when an answer has been passed on; the next call is held until it resolves. */
  onAnswer(listener: (() => Promise<void>) | undefined): void;
  close(): Promise<void>;
}

interface Plan {
  fault: Fault;
  skip: number;
  times: number;
}

interface Exchange {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

/** `upstream`: the running system, such as `http://127.0.0.1:8000`. */
export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const target = new URL(upstream);
  const sockets = new Set<Socket>();
  let plan: Plan | undefined;
  let calls = 0;
  let listener: (() => Promise<void>) | undefined;
  let listening: Promise<void> | undefined;

  const due = (): Fault | undefined => {
    if (plan === undefined) return undefined;
    if (plan.skip > 0) {
      plan.skip -= 1;
      return undefined;
    }
    const { fault } = plan;
    plan.times -= 1;
    if (plan.times <= 0) plan = undefined;
    return fault;
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await read(incoming);
    await listening;
    calls += 1;
    const heard = listener;
    const { promise, resolve } = Promise.withResolvers<void>();
    // Before the answer is out: who has it may call again at once.
    if (heard !== undefined) listening = promise;
    try {
      await pass(due(), () => forward(target, incoming, body), response);
      await heard?.();
    } finally {
      resolve();
    }
  };
  const server: Server = createServer((incoming, response) => {
    // A system that cannot be reached looks like one behind a connection that breaks.
    handle(incoming, response).catch(() => response.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${target.pathname.replace(/\/$/, "")}`,
    get calls() {
      return calls;
    },
    spoil(fault, skip = 0, times = 1) {
      plan = { fault, skip, times };
    },
    mend() {
      plan = undefined;
    },
    onAnswer(next) {
      listener = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function pass(
  fault: Fault | undefined,
  send: () => Promise<Exchange>,
  response: ServerResponse,
): Promise<void> {
  if (fault?.kind === "reset") {
    response.destroy();
    return;
  }
  if (fault?.kind === "answer") {
    const { status, headers = { "content-type": "text/plain" }, body = "" } = fault;
    response.writeHead(status, headers).end(body);
    return;
  }
  const answer = await send();
  if (fault?.kind === "duplicate") await send();
  if (fault?.kind === "drop-answer") {
    response.destroy();
    return;
  }
  if (fault?.kind === "delay") await new Promise((resolve) => setTimeout(resolve, fault.ms));
  response.writeHead(answer.status, lengthened(answer));
  if (fault?.kind === "truncate") {
    response.write(answer.body.subarray(0, answer.body.length >> 1), () => response.destroy());
    return;
  }
  await new Promise<void>((resolve) => response.end(answer.body, () => resolve()));
}

/** The body is whole here: how it was cut on the way no longer says anything. */
function lengthened({ headers, body }: Exchange): Record<string, string | string[] | undefined> {
  const { "transfer-encoding": _cut, connection: _hop, "keep-alive": _kept, ...rest } = headers;
  return { ...rest, "content-length": String(body.length) };
}

function forward(target: URL, incoming: IncomingMessage, body: Buffer): Promise<Exchange> {
  const ask = target.protocol === "https:" ? secureRequest : request;
  const { host: _host, connection: _hop, ...headers } = incoming.headers;
  const { method, url } = incoming;
  return new Promise((resolve, reject) => {
    const call = ask(
      {
        host: target.hostname,
        port: target.port,
        path: url,
        method,
        headers: { ...headers, host: target.host },
      },
      (answer) => {
        read(answer).then(
          (whole) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: whole }),
          reject,
        );
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
