// Orders: submitted and answered with the decision in one transaction, read, listed, cancelled. What is sent again
// with its Idempotency-Key, or with the same content, gets the same decision.
import { Type } from "typebox";
import { timeFromEpochMs } from "../../core/time.ts";
import { validateEvent } from "../../domains/catalogue.ts";
import { OrderSubmitted } from "../../domains/order/contract.ts";
import type { Order } from "../../domains/order/state.ts";
import { isSubmitted } from "../../domains/order/status.ts";
import { saysTheSame } from "../../domains/order/submission.ts";
import { Company, Identifier, object, PositiveDecimalText, Text } from "../../domains/schema.ts";
import { canonicalEvent } from "../../engine/log/incoming.ts";
import { decodeCursor, PAGE_DEFAULT, PAGE_MAX, pageOf } from "../cursor.ts";
import { pageSchema } from "../page-schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";
import { answered, idempotent, speakerOf } from "./command.ts";
import {
  OrderDecision,
  OrderDocument,
  OrderStatusText,
  orderDecision,
  orderDocument,
} from "./order-document.ts";

const OrderPath = object({ orderId: Identifier });
const CompanyQuery = object({ company: Type.Optional(Company) });

export function orderRoutes(ports: GatewayPorts): HandledRoute[] {
  return [submitRoute(ports), readRoute(ports), listRoute(ports), cancelRoute(ports)];
}

function submitRoute({ commands, integration }: GatewayPorts): HandledRoute {
  return route({
    method: "POST",
    path: "/process/v1/orders",
    operation: "submitOrder",
    tag: "Process",
    summary: "Submit an order and get the decision",
    description:
      "Checked, allocated and reserved in one transaction. The key's system is the channel of the order. Stock that is held under its number becomes its own.",
    access: "process:write",
    idempotencyKey: true,
    body: OrderSubmitted,
    check: (body) => validateEvent("order.submitted", body),
    answers: {
      201: { description: "The order was decided", schema: OrderDecision },
      200: {
        description: "The same order was submitted before; this is its decision",
        schema: OrderDecision,
      },
      409: { description: "The order exists with other content" },
    },
    async handle({ caller, body, idempotencyKey }) {
      const event = canonicalEvent(speakerOf(caller), integration.company, {
        type: "order.submitted",
        data: body,
      });
      const data = event.data as OrderSubmitted;
      const answer = await commands.submit(
        event,
        ({ order, before }) => submitted(order!, data, before !== null && isSubmitted(before)),
        idempotent(caller, "order.submitted", idempotencyKey, body),
      );
      const { orderId } = data;
      const decided = answered(
        answer,
        `Order ${orderId} exists with other content; GET /process/v1/orders/${encodeURIComponent(orderId)} shows it.`,
      );
      return answer.replayed ? { ...decided, status: 200 } : decided;
    },
  });
}

/** What is kept for repeats. A refusal is kept as its code. */
function submitted(order: Order, data: OrderSubmitted, existed: boolean): { status: number; body: unknown } {
  if (!existed) return { status: 201, body: orderDecision(order) };
  return saysTheSame(order, data)
    ? { status: 200, body: orderDecision(order) }
    : { status: 409, body: { code: "order.exists" } };
}

function readRoute({ operations, integration }: GatewayPorts): HandledRoute {
  return route({
    method: "GET",
    path: "/process/v1/orders/{orderId}",
    operation: "readOrder",
    tag: "Process",
    summary: "Read an order",
    access: "process:read",
    etag: true,
    pathParameters: OrderPath,
    query: CompanyQuery,
    answers: {
      200: { description: "The order as it stands", schema: OrderDocument },
      304: { description: "It has not changed" },
    },
    async handle({ path, query }) {
      return {
        body: orderDocument(await findOrder(operations, query.company ?? integration.company, path.orderId)),
      };
    },
  });
}

async function findOrder(
  operations: GatewayPorts["operations"],
  company: string,
  orderId: string,
): Promise<Order> {
  const order = await operations.order(company, orderId);
  if (order === null || !isSubmitted(order))
    throw new Refusal("order.not-found", `There is no order ${orderId}.`);
  return order;
}

const LIST = "orders";

function listRoute({ operations, integration }: GatewayPorts): HandledRoute {
  return route({
    method: "GET",
    path: "/process/v1/orders",
    operation: "listOrders",
    tag: "Process",
    summary: "List orders by number",
    access: "process:read",
    query: object({
      company: Type.Optional(Company),
      status: Type.Optional(OrderStatusText),
      customer: Type.Optional(Identifier),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX })),
      cursor: Type.Optional(Type.String({ maxLength: 1024 })),
    }),
    answers: { 200: { description: "A page", schema: pageSchema(OrderDocument) } },
    async handle({ query }) {
      const limit = query.limit ?? PAGE_DEFAULT;
      const after = decodeCursor(LIST, query.cursor);
      const orders = await operations.orders({
        company: query.company ?? integration.company,
        ...(query.status === undefined ? {} : { status: query.status }),
        ...(query.customer === undefined ? {} : { customerId: query.customer }),
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      });
      return { body: pageOf(LIST, orders, limit, (order) => order.orderId, orderDocument) };
    },
  });
}

const CancelBody = object({
  reason: Type.Optional(Text),
  lines: Type.Optional(
    Type.Array(object({ lineId: Identifier, sku: Identifier, quantity: PositiveDecimalText }), {
      minItems: 1,
      maxItems: 5000,
    }),
  ),
});

function cancelRoute({ commands, operations, integration }: GatewayPorts): HandledRoute {
  return route({
    method: "POST",
    path: "/process/v1/orders/{orderId}/cancel",
    operation: "cancelOrder",
    tag: "Process",
    summary: "Cancel an order, or units of its lines",
    description:
      "What no place has been told of is cancelled at once. Units that were released are asked back, and are cancelled when the place confirms it.",
    access: "process:write",
    idempotencyKey: true,
    pathParameters: OrderPath,
    query: CompanyQuery,
    body: CancelBody,
    answers: {
      200: { description: "Cancelled", schema: OrderDocument },
      202: { description: "Asked back from the places named in `cancelling`", schema: OrderDocument },
      409: { description: "Nothing of it can be cancelled any more" },
    },
    async handle({ caller, path, query, body, idempotencyKey }) {
      const company = query.company ?? integration.company;
      refuseFinal(await findOrder(operations, company, path.orderId));
      const data = { ...body, company, orderId: path.orderId, requestedAt: timeFromEpochMs(Date.now()) };
      const event = canonicalEvent(speakerOf(caller), company, {
        type: "order.cancellation.requested",
        data,
      });
      const answer = await commands.submit(
        event,
        ({ order }) => ({ status: order!.cancelling.length > 0 ? 202 : 200, body: orderDocument(order!) }),
        idempotent(caller, `order.cancellation.requested ${company} ${path.orderId}`, idempotencyKey, body),
      );
      return answered(answer, `Order ${path.orderId} could not be cancelled.`);
    },
  });
}

/** A cancelled order is no reason to refuse: who cancels twice wants what already is. */
function refuseFinal(order: Order): void {
  if (order.status === "cancelled") return;
  const open = order.lines.some((line) => line.quantity - line.cancelled - line.shipped > 0n);
  if (open && order.status !== "closed" && order.status !== "rejected") return;
  throw new Refusal(
    "order.not-cancellable",
    `Order ${order.orderId} is ${order.status}: nothing of it is left to cancel.`,
  );
}
