// One declaration a route: its address, who may use it, what it takes and answers. The same declaration registers
// it, checks what comes in, and is published as OpenAPI.
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Static, TObject, TSchema } from "typebox";
import { explain } from "../domains/explain.ts";
import type { Scope } from "../engine/operations/scopes.ts";
import type { Caller } from "./access.ts";
import type { Fault } from "./problem.ts";

/** `anonymous`: health alone; `signed`: the connector verifies the sender; `any-key`: whoever has a key. */
export type Access = Scope | "any-key" | "anonymous" | "signed";

export interface AnswerDescription {
  description: string;
  schema?: TSchema;
}

export interface RouteDocument {
  method: "GET" | "POST" | "DELETE";
  /** `/process/v1/orders/{orderId}` */
  path: string;
  /** Unique, for clients that are generated. */
  operation: string;
  tag: string;
  summary: string;
  description?: string;
  access: Access;
  parameters?: { path?: TObject; query?: TObject };
  /** Writes that are answered from memory when they are repeated. */
  idempotencyKey?: boolean;
  /** Reads whose answer carries an ETag. */
  etag?: boolean;
  /** Media type → contract. */
  body?: Readonly<Record<string, TSchema>>;
  /** Status → what it means; problems are added. */
  answers: Readonly<Record<number, AnswerDescription>>;
  /** Where it is not the gateway's. */
  bodyMaxBytes?: number;
}

/** A route that is answered without the general way: it reads and answers by itself. */
export interface ServedRoute extends RouteDocument {
  serve(request: FastifyRequest, reply: FastifyReply): unknown;
}

export interface HandledRoute extends RouteDocument {
  handle(call: Call<unknown, unknown, unknown>): Promise<Answer> | Answer;
  check(body: unknown): Fault[];
}

export type Route = ServedRoute | HandledRoute;

export interface Call<Path, Query, Body> {
  caller: Caller;
  path: Path;
  query: Query;
  body: Body;
  /** The Idempotency-Key, where one was sent. */
  idempotencyKey: string | undefined;
}

export interface Answer {
  /** 200 where it is not said. */
  status?: number;
  headers?: Readonly<Record<string, string>>;
  body: unknown;
}

interface Spec<Path extends TObject, Query extends TObject, Body extends TSchema>
  extends Omit<RouteDocument, "parameters" | "body"> {
  path: string;
  pathParameters?: Path;
  query?: Query;
  body?: Body;
  /** Beyond the schema; it has been checked already. */
  check?(body: unknown): Fault[];
  handle(call: Call<Static<Path>, Static<Query>, Static<Body>>): Promise<Answer> | Answer;
}

export const JSON_MEDIA = "application/json";

export function route<Path extends TObject, Query extends TObject, Body extends TSchema>(
  spec: Spec<Path, Query, Body>,
): HandledRoute {
  const { pathParameters, query, body, check, handle, ...document } = spec;
  return {
    ...document,
    parameters: {
      ...(pathParameters === undefined ? {} : { path: pathParameters }),
      ...(query === undefined ? {} : { query }),
    },
    ...(body === undefined ? {} : { body: { [JSON_MEDIA]: body } }),
    check: check ?? ((value) => (body === undefined ? [] : explain(body, value))),
    handle: handle as HandledRoute["handle"],
  };
}
