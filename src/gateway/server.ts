// The HTTP server: every route declared, keyed and throttled, every refusal a problem document. It knows no SQL;
// what it needs comes as ports. `stop` refuses new requests, lets those under way end, and closes.
import type { Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { randomUUID } from "node:crypto";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { type Caller, KeyRing } from "./access.ts";
import { acceptType, parseBody } from "./body.ts";
import { KeyGate } from "./key-gate.ts";
import type { GatewayLimits } from "./limits.ts";
import { readParameters } from "./parameters.ts";
import type { GatewayPorts } from "./ports.ts";
import { problemAnswer, Refusal } from "./problem.ts";
import { SECURITY_HEADERS, sendAnswer, sendProblem } from "./respond.ts";
import { type HandledRoute, JSON_MEDIA, type Route } from "./route.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
  }
}

export interface Gateway {
  readonly server: FastifyInstance;
  /** Resolves with the port that it listens on. */
  listen(port: number, host: string): Promise<number>;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  ports: GatewayPorts;
  routes(gate: KeyGate): readonly Route[];
  limits: GatewayLimits;
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

export async function openGateway({ ports, routes: routesOf, limits }: GatewayOptions): Promise<Gateway> {
  const { log } = ports;
  const keys = new KeyRing({ source: ports.keys, failed: (error) => log.warn({ err: error }, "API keys could not be read again; the known ones hold") });
  await keys.start();
  const server = Fastify({
    logger: false,
    bodyLimit: limits.bodyMaxBytes,
    routerOptions: { maxParamLength: 512, onBadUrl: (path, request, response) => answerRaw(request, response, new Refusal("request.malformed", `The address is not well-formed.`)) },
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: 72_000,
    return503OnClosing: false,
    clientErrorHandler: refuseBrokenRequest,
  });
  const gate = new KeyGate(keys, limits);
  const routes = routesOf(gate);
  server.decorateRequest("caller", null);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, request, reply) => fail(ports, error, request, reply));
  server.setNotFoundHandler((request, reply) => {
    reply.headers(SECURITY_HEADERS);
    return fail(ports, new Refusal("route.unknown", `There is no route ${request.method} ${pathOf(request.url)}.`), request, reply);
  });
  if (log.isLevelEnabled("debug")) {
    server.addHook("onResponse", (request, reply, done) => {
      const facts = { method: request.method, url: pathOf(request.url), status: reply.statusCode, ms: reply.elapsedTime, caller: request.caller?.name };
      log.debug(facts, "request");
      done();
    });
  }
  for (const route of routes) register(server, route, gate);
  refuseOtherMethods(server, routes, ports);
  return {
    server,
    async listen(port, host) {
      await server.listen({ port, host });
      return (server.server.address() as AddressInfo).port;
    },
    async stop() {
      gate.stopping = true;
      keys.stop();
      await server.close();
    },
  };
}

function register(server: FastifyInstance, route: Route, gate: KeyGate): void {
  server.route({
    method: route.method,
    url: fastifyPath(route.path),
    ...(route.bodyMaxBytes === undefined ? {} : { bodyLimit: route.bodyMaxBytes }),
    onRequest: gate.check(route.access),
    handler: "serve" in route ? route.serve : (request, reply) => handle(route, request, reply),
  });
}

const fastifyPath = (path: string): string => path.replace(/\{(\w+)\}/g, ":$1");

async function handle(route: HandledRoute, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = route.parameters?.path === undefined ? {} : readParameters(route.parameters.path, request.params as Record<string, string>);
  const query = route.parameters?.query === undefined ? refuseQuery(request) : readParameters(route.parameters.query, request.query as Record<string, string>);
  const body = route.body === undefined ? undefined : readBody(route, request);
  const idempotencyKey = route.idempotencyKey ? readIdempotencyKey(request) : undefined;
  // Only /health is anonymous, and that looks at no caller.
  const answer = await route.handle({ caller: request.caller as Caller, path, query, body, idempotencyKey });
  return sendAnswer(request, reply, answer, route.etag === true);
}

function refuseQuery(request: FastifyRequest): Record<string, never> {
  const [name] = Object.keys(request.query as object);
  if (name === undefined) return {};
  throw new Refusal("request.parameter-invalid", "This route takes no query parameters.", { errors: [{ path: name, message: "is not a parameter here." }] });
}

function readBody(route: HandledRoute, request: FastifyRequest): unknown {
  const raw = request.body as Buffer | undefined;
  if (raw === undefined || raw.length === 0) throw new Refusal("request.empty", "A JSON body is expected.");
  acceptType(request.headers["content-type"], [JSON_MEDIA]);
  const body = parseBody(raw);
  const errors = route.check(body);
  if (errors.length === 0) return body;
  throw new Refusal("request.invalid", `${errors[0]!.path} ${errors[0]!.message}`, { errors });
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && IDEMPOTENCY_KEY.test(key)) return key;
  throw new Refusal("request.parameter-invalid", "Idempotency-Key must be 1 to 255 visible ASCII characters.", {
    errors: [{ path: "Idempotency-Key", message: "must be 1 to 255 visible ASCII characters." }],
  });
}

/** The framework answers 404 for a method that a path does not have. */
function refuseOtherMethods(server: FastifyInstance, routes: readonly Route[], ports: GatewayPorts): void {
  const allowed = new Map<string, Set<string>>();
  for (const { path, method } of routes) allowed.set(path, (allowed.get(path) ?? new Set()).add(method));
  for (const [path, methods] of allowed) {
    const allow = [...methods, ...(methods.has("GET") ? ["HEAD"] : [])].sort().join(", ");
    server.route({
      method: METHODS.filter((method) => !methods.has(method)),
      url: fastifyPath(path),
      exposeHeadRoute: false,
      handler: (request, reply) => {
        reply.headers(SECURITY_HEADERS);
        const refusal = new Refusal("route.method-not-allowed", `${request.method} is not allowed here; ${allow} is.`, { headers: { allow } });
        return fail(ports, refusal, request, reply);
      },
    });
  }
}

function fail({ log }: GatewayPorts, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const requestId = randomUUID();
  const answer = problemAnswer(error, requestId);
  if (answer.fault) log.warn({ err: error, requestId, method: request.method, url: pathOf(request.url), caller: request.caller?.name }, "a request could not be served");
  return sendProblem(reply, answer);
}

/** Without the query, which may hold what does not belong into a log. */
function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

/** What is not even HTTP is answered on the bare socket. */
function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const code =
    error.code === "HPE_HEADER_OVERFLOW" ? "request.headers-too-large" : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? "request.timeout" : "request.malformed";
  socket.end(rawAnswer(new Refusal(code, "The request could not be read.")));
}

function answerRaw(_request: unknown, response: unknown, refusal: Refusal): void {
  const { status, text } = problemAnswer(refusal, randomUUID());
  const raw = response as import("node:http").ServerResponse;
  raw.writeHead(status, { ...SECURITY_HEADERS, "content-type": "application/problem+json; charset=utf-8", "content-length": Buffer.byteLength(text) }).end(text);
}

function rawAnswer(refusal: Refusal): string {
  const { status, text } = problemAnswer(refusal, randomUUID());
  const headers = { ...SECURITY_HEADERS, "content-type": "application/problem+json; charset=utf-8", "content-length": Buffer.byteLength(text), connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? "Bad Request"}\r\n${lines.join("")}\r\n${text}`;
}

const STATUS_TEXT: Record<number, string> = { 400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large" };
