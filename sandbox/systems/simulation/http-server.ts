// The HTTP server under a simulated system: applies the fault switches to its native routes, leaves
// the control routes alone. A Refusal becomes the product's own error shape; any other error in a
// handler is a bug of the simulation: it is answered with 500 and written to stderr.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { FaultSwitch } from "./faults.ts";
import { Refusal } from "./refusal.ts";
import { type Handle, type NativeAnswer, type NativeRequest, type Route, Router } from "./router.ts";

const BODY_BYTES_MAX = 32 * 1024 * 1024;
const WITHHELD_ANSWER_MS = 15_000;

export interface ServerOptions {
  name: string;
  port: number;
  faults: FaultSwitch;
  native: Route[];
  control: Route[];
  /** Throws a Refusal for a request that may not come in. Sees native requests only. */
  authorize: (request: NativeRequest) => void;
  /** The product's error body. */
  describeError: (status: number, code: string, message: string) => unknown;
}

export interface RunningServer {
  url: string;
  /** Requests by `METHOD /route status`, native routes only. */
  statistics: Map<string, number>;
  stop(): Promise<void>;
}

interface Context {
  options: ServerOptions;
  native: Router;
  control: Router;
  statistics: Map<string, number>;
  withheld: Set<NodeJS.Timeout>;
}

export async function startHttpServer(options: ServerOptions): Promise<RunningServer> {
  const context: Context = {
    options,
    native: new Router(options.native),
    control: new Router(options.control),
    statistics: new Map(),
    withheld: new Set(),
  };
  const sockets = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    serve(context, request, response).catch((error: unknown) => {
      // The caller went away while its body was read; nobody is left to answer.
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    statistics: context.statistics,
    stop: async () => {
      for (const timer of context.withheld) clearTimeout(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function serve(context: Context, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = incoming.url ?? "/";
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const query = queryAt < 0 ? "" : target.slice(queryAt + 1);
  const body = await readBody(incoming);
  const request: NativeRequest = {
    method: incoming.method ?? "GET",
    path,
    query: new URLSearchParams(query),
    params: {},
    headers: incoming.headers,
    body,
    json: () => parseJson(body),
  };
  if (path.startsWith("/control/")) {
    const found = context.control.find(request.method, path);
    send(response, await answerOf(context, request, found));
    return;
  }
  await serveNative(context, request, response);
}

async function serveNative(
  context: Context,
  request: NativeRequest,
  response: ServerResponse,
): Promise<void> {
  const { faults } = context.options;
  if (faults.active("down")) {
    count(context, request, undefined, "reset");
    response.socket?.resetAndDestroy();
    return;
  }
  const slow = faults.hit("slow");
  if (slow) await delay(slow.ms ?? 1000);
  const found = context.native.find(request.method, request.path);
  const early = faultAnswer(context);
  if (early) {
    count(context, request, found?.route, String(early.status));
    send(response, early);
    return;
  }
  const answer = await answerOf(context, request, found, context.options.authorize);
  count(context, request, found?.route, String(answer.status));
  const withheld = request.method === "GET" ? undefined : faults.hit("timeoutAfterEffect");
  if (withheld) {
    withhold(context, response, withheld.ms ?? WITHHELD_ANSWER_MS);
    return;
  }
  send(response, answer, faults.hit("malformed") !== undefined);
}

function faultAnswer(context: Context): NativeAnswer | undefined {
  const { faults, describeError } = context.options;
  const tooMany = faults.hit("429");
  if (tooMany) {
    const seconds = Math.max(1, Math.ceil((tooMany.ms ?? 1000) / 1000));
    return {
      status: 429,
      body: describeError(429, "tooManyRequests", "Too many requests"),
      headers: { "retry-after": String(seconds) },
    };
  }
  if (faults.hit("500")) {
    return { status: 500, body: describeError(500, "internalError", "Internal error") };
  }
  return undefined;
}

async function answerOf(
  context: Context,
  request: NativeRequest,
  found: { route: Route; params: Record<string, string> } | undefined,
  authorize?: (request: NativeRequest) => void,
): Promise<NativeAnswer> {
  const { describeError } = context.options;
  try {
    authorize?.(request);
    if (!found) throw new Refusal(404, "notFound", `No resource at ${request.method} ${request.path}`);
    request.params = found.params;
    return await run(found.route.handle, request);
  } catch (error) {
    if (error instanceof Refusal) {
      return {
        status: error.status,
        body: describeError(error.status, error.code, error.message),
        headers: error.headers,
      };
    }
    console.error(`${context.options.name}: ${request.method} ${request.path} failed`, error);
    return { status: 500, body: describeError(500, "internalError", "Internal error") };
  }
}

function run(handle: Handle, request: NativeRequest): NativeAnswer | Promise<NativeAnswer> {
  return handle(request);
}

function withhold(context: Context, response: ServerResponse, ms: number): void {
  const timer = setTimeout(() => {
    context.withheld.delete(timer);
    response.socket?.resetAndDestroy();
  }, ms);
  context.withheld.add(timer);
}

function send(response: ServerResponse, answer: NativeAnswer, malformed = false): void {
  const headers: Record<string, string | number> = { ...answer.headers };
  let text = "";
  if (typeof answer.body === "string") text = answer.body;
  else if (answer.body !== undefined) {
    text = JSON.stringify(answer.body);
    headers["content-type"] ??= "application/json; charset=utf-8";
  }
  // Cut in the middle with a matching length: the transfer is whole, the content is not.
  if (malformed) text = text.slice(0, Math.floor(text.length / 2));
  const bytes = Buffer.from(text);
  headers["content-length"] = bytes.length;
  response.writeHead(answer.status, headers);
  response.end(bytes);
}

function count(context: Context, request: NativeRequest, route: Route | undefined, outcome: string): void {
  const key = `${request.method} ${route?.path ?? "(unrouted)"} ${outcome}`;
  context.statistics.set(key, (context.statistics.get(key) ?? 0) + 1);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Refusal(400, "malformedJson", "The body is not JSON");
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > BODY_BYTES_MAX) throw new Error("body over the limit");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
