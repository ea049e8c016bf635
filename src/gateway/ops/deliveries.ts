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

export function deliveryRoutes({ operations }: GatewayPorts): HandledRoute[] {
  const list = route({
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
      if (after !== undefined && !DELIVERY_ID.test(after)) throw new Refusal("request.parameter-invalid", "cursor is not one that this list has given.");
      const rows = await operations.deliveries({ ...filter, ...(after === undefined ? {} : { after }), limit: limit + 1 });
      return { body: pageOf(LIST, rows, limit, (row) => row.id, (row) => row) };
    },
  });
  const read = route({
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
  return [list, read];
}
