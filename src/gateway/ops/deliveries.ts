// Deliveries as operators see them.
import { Type } from "typebox";
import { Code, object, oneOf } from "../../domains/schema.ts";
import { deliveryStates } from "../../engine/operations/deliveries.ts";
import { decodeCursor, PAGE_DEFAULT, PAGE_MAX, pageOf } from "../cursor.ts";
import { pageSchema } from "../page-schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";

const LIST = "deliveries";
const DELIVERY_ID = /^[1-9][0-9]{0,14}$/;
const IdPath = object({ id: Type.String({ pattern: DELIVERY_ID.source, description: "A delivery's id" }) });

const Decided = object({ id: Type.String(), state: oneOf("waiting", "skipped") });

export function deliveryRoutes(ports: GatewayPorts): HandledRoute[] {
  return [listRoute(ports), readRoute(ports), retryRoute(ports), skipRoute(ports)];
}

function listRoute({ operations }: GatewayPorts): HandledRoute {
  return route({
    method: "GET",
    path: "/ops/v1/deliveries",
    operation: "listDeliveries",
    tag: "Operations",
    summary: "Deliveries, newest first",
    access: "ops:read",
    query: object({
      target: Type.Optional(Code),
      state: Type.Optional(oneOf(...deliveryStates)),
      lane: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: "^[^\\u0000-\\u001f]+$" })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX })),
      cursor: Type.Optional(Type.String({ maxLength: 1024 })),
    }),
    answers: { 200: { description: "A page", schema: pageSchema(Type.Unknown()) } },
    async handle({ query: { limit: wanted, cursor, ...filter } }) {
      const limit = wanted ?? PAGE_DEFAULT;
      const after = decodeCursor(LIST, cursor);
      if (after !== undefined && !DELIVERY_ID.test(after))
        throw new Refusal("request.parameter-invalid", "cursor is not one that this list has given.");
      const rows = await operations.deliveries({
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

function readRoute({ operations }: GatewayPorts): HandledRoute {
  return route({
    method: "GET",
    path: "/ops/v1/deliveries/{id}",
    operation: "readDelivery",
    tag: "Operations",
    summary: "One delivery, its payload and its failures",
    access: "ops:read",
    pathParameters: IdPath,
    answers: { 200: { description: "As it stands", schema: Type.Unknown() } },
    async handle({ path }) {
      const found = await operations.delivery(path.id);
      if (found === null) throw new Refusal("delivery.not-found", `There is no delivery ${path.id}.`);
      return { body: found };
    },
  });
}

function retryRoute({ operations }: GatewayPorts): HandledRoute {
  return route({
    method: "POST",
    path: "/ops/v1/deliveries/{id}/retry",
    operation: "retryDelivery",
    tag: "Operations",
    summary: "Send a parked delivery again",
    description: "What waits behind it in its lane follows.",
    access: "ops:write",
    pathParameters: IdPath,
    answers: {
      200: { description: "It waits for its turn", schema: Decided },
      409: { description: "It is not parked" },
    },
    async handle({ path }) {
      await operations.retry(path.id);
      return { body: { id: path.id, state: "waiting" } };
    },
  });
}

function skipRoute({ operations }: GatewayPorts): HandledRoute {
  return route({
    method: "POST",
    path: "/ops/v1/deliveries/{id}/skip",
    operation: "skipDelivery",
    tag: "Operations",
    summary: "Give a parked delivery up",
    description: "What waits behind it goes on. The reason is kept with the delivery, and who gave it.",
    access: "ops:write",
    pathParameters: IdPath,
    body: object({ reason: Type.String({ minLength: 1, maxLength: 500, pattern: "^[^\\u0000]*$" }) }),
    answers: {
      200: { description: "It is settled as skipped", schema: Decided },
      409: { description: "It is not parked" },
    },
    async handle({ path, body, caller }) {
      await operations.skip(path.id, `${caller.name}: ${body.reason}`);
      return { body: { id: path.id, state: "skipped" } };
    },
  });
}
