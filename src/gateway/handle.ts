// The general way of a request through a declared route: parameters and body are read and checked, the answer is
// written. Nothing of a request that does not fit reaches a route.
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "./access.ts";
import { acceptType, parseBody } from "./body.ts";
import { type RawParameters, readParameters } from "./parameters.ts";
import { Refusal } from "./problem.ts";
import { sendAnswer } from "./respond.ts";
import { type HandledRoute, JSON_MEDIA } from "./route.ts";

export async function handle(
  route: HandledRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { path: pathSchema, query: querySchema } = route.parameters ?? {};
  const answer = await route.handle({
    // Null on /health alone, which looks at no caller.
    caller: request.caller as Caller,
    path: pathSchema === undefined ? {} : readParameters(pathSchema, request.params as RawParameters),
    query:
      querySchema === undefined
        ? refuseQuery(request)
        : readParameters(querySchema, request.query as RawParameters),
    body: route.body === undefined ? undefined : readBody(route, request),
    idempotencyKey: route.idempotencyKey ? readIdempotencyKey(request) : undefined,
  });
  return sendAnswer(request, reply, answer, route.etag === true);
}

function refuseQuery(request: FastifyRequest): Record<string, never> {
  const [name] = Object.keys(request.query as object);
  if (name === undefined) return {};
  throw parameterRefusal(name, "is not a parameter here.");
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
  throw parameterRefusal("Idempotency-Key", "must be 1 to 255 visible ASCII characters.");
}

function parameterRefusal(path: string, message: string): Refusal {
  return new Refusal("request.parameter-invalid", `${path} ${message}`, { errors: [{ path, message }] });
}
