// The worklist of exceptions, and keys that an event could not be applied to.
import { Type } from "typebox";
import { Code, object } from "../../domains/schema.ts";
import { decodeCursor, PAGE_DEFAULT, PAGE_MAX, pageOf } from "../cursor.ts";
import { pageSchema } from "../page-schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";

const LIST = "exceptions";
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const Key = Type.String({ minLength: 1, maxLength: 256, pattern: "^[^\\u0000-\\u001f]+$" });

export function exceptionRoutes(ports: GatewayPorts): HandledRoute[] {
  return [listRoute(ports), retryRoute(ports), releaseRoute(ports)];
}

function listRoute({ operations }: GatewayPorts): HandledRoute {
  return route({
    method: "GET",
    path: "/ops/v1/exceptions",
    operation: "listExceptions",
    tag: "Operations",
    summary: "Exceptions, newest first",
    access: "ops:read",
    query: object({
      open: Type.Optional(Type.Boolean()),
      category: Type.Optional(Code),
      code: Type.Optional(Code),
      system: Type.Optional(Code),
      owner: Type.Optional(Code),
      key: Type.Optional(Key),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX })),
      cursor: Type.Optional(Type.String({ maxLength: 1024 })),
    }),
    answers: { 200: { description: "A page", schema: pageSchema(Type.Unknown()) } },
    async handle({ query: { limit: wanted, cursor, ...filter } }) {
      const limit = wanted ?? PAGE_DEFAULT;
      const after = decodeCursor(LIST, cursor);
      if (after !== undefined && !UUID.test(after))
        throw new Refusal("request.parameter-invalid", "cursor is not one that this list has given.");
      const rows = await operations.exceptions({
        ...filter,
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      });
      return {
        body: pageOf(
          LIST,
          rows,
          limit,
          (row) => row.id,
          (row) => row,
        ),
      };
    },
  });
}

function releaseRoute({ operations }: GatewayPorts): HandledRoute {
  return route({
    method: "POST",
    path: "/ops/v1/keys/{key}/release",
    operation: "releaseKey",
    tag: "Operations",
    summary: "Let a held key go on",
    description:
      "What waits of the key is applied again, in order. Where the same event still does not fit, the key is held anew.",
    access: "ops:write",
    pathParameters: object({ key: Key }),
    answers: {
      200: {
        description: "Whether it goes on",
        schema: object({ key: Key, released: Type.Boolean(), applied: Type.Integer() }),
      },
    },
    handle: async ({ path }) => ({ body: await operations.releaseKey(path.key) }),
  });
}

function retryRoute({ operations }: GatewayPorts): HandledRoute {
  return route({
    method: "POST",
    path: "/ops/v1/exceptions/{id}/retry",
    operation: "retryException",
    tag: "Operations",
    summary: "Send again what an exception holds back",
    description: "Shows what it is unless `execute` is true.",
    access: "ops:write",
    pathParameters: object({ id: Type.String({ pattern: UUID.source }) }),
    body: object({ execute: Type.Optional(Type.Boolean()) }),
    answers: {
      200: {
        description: "Deliveries by system and type; executed, how many wait for their turn again",
        schema: Type.Unknown(),
      },
    },
    async handle({ path, body }) {
      if (body.execute === true)
        return { body: { executed: true, released: await operations.releaseException(path.id) } };
      return { body: { executed: false, ...(await operations.previewException(path.id)) } };
    },
  });
}
