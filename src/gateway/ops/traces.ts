// Everything about one order, SKU, delivery or message; and receipts, byte for byte.
import { Type } from "typebox";
import { Company, object, oneOf } from "../../domains/schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";

const Term = Type.String({ minLength: 1, maxLength: 256, pattern: "^[^\\u0000-\\u001f]+$" });
const Id = Type.String({
  pattern: "^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$",
  description: "A receipt's id",
});

const TraceDocument = object({
  term: Type.String(),
  subjects: Type.Array(Type.Unknown()),
  timeline: Type.Array(
    Type.Object({
      at: Type.String(),
      kind: oneOf("said", "decided", "sent", "attempt", "answered", "exception", "solved"),
      summary: Type.String(),
    }),
  ),
  truncated: Type.Boolean(),
});

export function traceRoutes({ operations }: GatewayPorts): HandledRoute[] {
  const trace = route({
    method: "GET",
    path: "/ops/v1/traces/{key}",
    operation: "readTrace",
    tag: "Operations",
    summary: "Who said what, what was decided and why, what was sent where, what came back",
    description:
      "By order number, SKU, delivery id, message or receipt id, or a document number that some system uses.",
    access: "ops:read",
    pathParameters: object({ key: Term }),
    query: object({ company: Type.Optional(Company) }),
    answers: { 200: { description: "A timeline, oldest first", schema: TraceDocument } },
    async handle({ path, query }) {
      const found = await operations.trace(path.key, query.company);
      if (found === null) throw new Refusal("trace.not-found", `Nothing is known by ${path.key}.`);
      return { body: found };
    },
  });
  const receipt = route({
    method: "GET",
    path: "/ops/v1/receipts/{id}",
    operation: "readReceipt",
    tag: "Operations",
    summary: "A native message as it came",
    access: "ops:read",
    pathParameters: object({ id: Id }),
    answers: { 200: { description: "With its body, as text or in base64", schema: Type.Unknown() } },
    async handle({ path }) {
      const found = await operations.receipt(path.id.toLowerCase());
      if (found === null) throw new Refusal("receipt.not-found", `There is no receipt ${path.id}.`);
      return { body: found };
    },
  });
  return [trace, receipt];
}
