// The HTTP server: every route declared, keyed and throttled, every refusal a problem document. It knows no SQL;
// what it needs comes as ports. `stop` refuses new requests, lets those under way end, and closes.
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { type Caller, KeyRing } from "./access.ts";
import { refuseBadAddress, refuseBrokenRequest } from "./broken-request.ts";
import { drain } from "./drain.ts";
import { handle } from "./handle.ts";
import { KeyGate } from "./key-gate.ts";
import type { GatewayLimits } from "./limits.ts";
import type { GatewayPorts } from "./ports.ts";
import { isTooLarge, problemAnswer, Refusal } from "./problem.ts";
import { SECURITY_HEADERS, sendProblem } from "./respond.ts";
import type { Route } from "./route.ts";

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
/** Longer than load balancers keep a connection open: they should be the ones to close it. */
const KEEP_ALIVE_MS = 72_000;
/** A key of 128 characters, each escaped to three. */
const PARAMETER_LENGTH_MAX = 512;

export async function openGateway({ ports, routes: routesOf, limits }: GatewayOptions): Promise<Gateway> {
  const { log } = ports;
  const keys = new KeyRing({
    source: ports.keys,
    failed: (error) => log.warn({ err: error }, "API keys could not be read again; the known ones hold"),
  });
  await keys.start();
  const server = openServer(limits, log);
  const gate = new KeyGate(keys, limits);
  const routes = routesOf(gate);
  for (const route of routes) register(server, route, gate);
  refuseOtherMethods(server, routes, log);
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

function openServer(limits: GatewayLimits, log: Logger): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: limits.bodyMaxBytes,
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX, onBadUrl: refuseBadAddress },
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The gate says it, in the same words as every refusal.
    return503OnClosing: false,
    clientErrorHandler: refuseBrokenRequest,
  });
  server.decorateRequest("caller", null);
  // Bodies stay bytes until a route reads them: a connector must see what was signed.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  server.setErrorHandler(async (error, request, reply) => {
    if (isTooLarge(error)) await drain(request.raw);
    return fail(log, error, request, reply);
  });
  server.setNotFoundHandler((request, reply) => {
    reply.headers(SECURITY_HEADERS);
    const { method, url } = request;
    return fail(
      log,
      new Refusal("route.unknown", `There is no route ${method} ${pathOf(url)}.`),
      request,
      reply,
    );
  });
  if (log.isLevelEnabled("debug")) logRequests(server, log);
  return server;
}

function logRequests(server: FastifyInstance, log: Logger): void {
  server.addHook("onResponse", (request, reply, done) => {
    const { method, url, caller } = request;
    const facts = {
      method,
      path: pathOf(url),
      status: reply.statusCode,
      ms: reply.elapsedTime,
      caller: caller?.name,
    };
    log.debug(facts, "request");
    done();
  });
}

function register(server: FastifyInstance, route: Route, gate: KeyGate): void {
  server.route({
    method: route.method,
    url: addressOf(route.path),
    ...(route.bodyMaxBytes === undefined ? {} : { bodyLimit: route.bodyMaxBytes }),
    onRequest: gate.check(route.access),
    handler: "serve" in route ? route.serve : (request, reply) => handle(route, request, reply),
  });
}

/** `/orders/{orderId}` as the framework writes it. */
const addressOf = (path: string): string => path.replace(/\{(\w+)\}/g, ":$1");

/** By itself the framework answers 404 for a method that a path does not have. */
function refuseOtherMethods(server: FastifyInstance, routes: readonly Route[], log: Logger): void {
  const allowed = new Map<string, Set<string>>();
  for (const { path, method } of routes) allowed.set(path, (allowed.get(path) ?? new Set()).add(method));
  for (const [path, methods] of allowed) {
    const allow = [...methods, ...(methods.has("GET") ? ["HEAD"] : [])].sort().join(", ");
    server.route({
      method: METHODS.filter((method) => !methods.has(method)),
      url: addressOf(path),
      exposeHeadRoute: false,
      handler: (request, reply) => {
        reply.headers(SECURITY_HEADERS);
        const said = `${request.method} is not allowed here; ${allow} is.`;
        return fail(
          log,
          new Refusal("route.method-not-allowed", said, { headers: { allow } }),
          request,
          reply,
        );
      },
    });
  }
}

function fail(log: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const requestId = randomUUID();
  const answer = problemAnswer(error, requestId);
  if (answer.fault) {
    const { method, url, caller } = request;
    log.warn(
      { err: error, requestId, method, path: pathOf(url), caller: caller?.name },
      "a request could not be served",
    );
  }
  return sendProblem(reply, answer);
}

/** Without the query, which may hold what does not belong into a log. */
function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}
