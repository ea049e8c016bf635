// Stock held for an order-to-be: all of it or none, answered with what is held where. It ends by the order's
// submission, by being given back, or by its time.
import { type Static, Type } from "typebox";
import { validateEvent } from "../../domains/catalogue.ts";
import { ReservationRequested } from "../../domains/order/contract.ts";
import { heldUntil } from "../../domains/order/reservation.ts";
import type { Order } from "../../domains/order/state.ts";
import { isSubmitted } from "../../domains/order/status.ts";
import { Company, Identifier, object } from "../../domains/schema.ts";
import { canonicalEvent } from "../../engine/log/incoming.ts";
import type { GatewayPorts } from "../ports.ts";
import { type Fault, Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";
import { answered, idempotent, speakerOf } from "./command.ts";
import { ReservationDocument, reservationDocument } from "./reservation-document.ts";

const ReservationPath = object({ orderId: Identifier });
const CompanyQuery = object({ company: Type.Optional(Company) });

export function reservationRoutes(ports: GatewayPorts): HandledRoute[] {
  return [reserveRoute(ports), readRoute(ports), withdrawRoute(ports)];
}

function reserveRoute({ commands, integration }: GatewayPorts): HandledRoute {
  const type = "order.reservation.requested";
  return route({
    method: "POST",
    path: "/process/v1/reservations",
    operation: "reserveStock",
    tag: "Process",
    summary: "Hold stock for an order that is not submitted yet",
    description:
      "All lines are held, or none: a hold is no backorder. Sent again under the same number it replaces what is held, and keeps it where the new request cannot be met. " +
      "Submitting the order with this number makes what is held the order's own.",
    access: "process:write",
    idempotencyKey: true,
    body: ReservationRequested,
    check: (body) => {
      const faults = validateEvent(type, body);
      return faults.length > 0 ? faults : contradictions(body as Static<typeof ReservationRequested>);
    },
    answers: {
      201: { description: "Held", schema: ReservationDocument },
      200: { description: "Held instead of what was held before", schema: ReservationDocument },
      409: {
        description: "Too little stock, a submitted order, or another channel's hold; what was held stands",
      },
    },
    async handle({ caller, body, idempotencyKey }) {
      const source = speakerOf(caller);
      const event = canonicalEvent(source, integration.company, { type, data: body });
      const answer = await commands.submit(
        event,
        ({ order, before }) => reserved(order!, before, source),
        idempotent(caller, type, idempotencyKey, body),
      );
      return answered(answer, `Nothing is held for order ${body.orderId}.`);
    },
  });
}

/** What the schema cannot say: lines that the order could not have, and two ends. */
function contradictions({
  lines,
  expiresAt,
  expiresInSeconds,
}: Static<typeof ReservationRequested>): Fault[] {
  const seen = new Set<string>();
  const twice = lines.findIndex(({ lineId }) => seen.size === seen.add(lineId).size);
  const faults: Fault[] = [];
  if (twice >= 0)
    faults.push({ path: `$.lines[${twice}].lineId`, message: `"${lines[twice]!.lineId}" is used twice.` });
  if (expiresAt !== undefined && expiresInSeconds !== undefined)
    faults.push({ path: "$.expiresInSeconds", message: "cannot stand beside expiresAt." });
  return faults;
}

/** A request is granted or refused; another channel's changes nothing. */
function reserved(order: Order, before: Order | null, source: string): { status: number; body: unknown } {
  if (isSubmitted(order)) return ordered(order);
  if (order.channel !== source) {
    return refused("reservation.taken", `${order.channel} holds stock for order ${order.orderId}.`);
  }
  if (order.rejection !== null) return refused(order.rejection.code, order.rejection.reason);
  return { status: heldUntil(before) === "" ? 201 : 200, body: reservationDocument(order) };
}

const refused = (code: string, detail: string) => ({ status: 409, body: { code, detail } });

const ordered = ({ orderId, status }: Order) =>
  refused("reservation.ordered", `Order ${orderId} is ${status}: its stock is its own, or waited for.`);

function readRoute({ operations, integration }: GatewayPorts): HandledRoute {
  return route({
    method: "GET",
    path: "/process/v1/reservations/{orderId}",
    operation: "readReservation",
    tag: "Process",
    summary: "What is held for an order, and until when",
    access: "process:read",
    etag: true,
    pathParameters: ReservationPath,
    query: CompanyQuery,
    answers: {
      200: { description: "As it stands, or as it ended", schema: ReservationDocument },
      304: { description: "It has not changed" },
    },
    async handle({ path, query }) {
      const order = await operations.order(query.company ?? integration.company, path.orderId);
      const document = reservationDocument(order);
      if (document === null) throw notFound(path.orderId);
      return { body: document };
    },
  });
}

const notFound = (orderId: string) =>
  new Refusal("reservation.not-found", `Nothing was ever held for order ${orderId}.`);

function withdrawRoute({ commands, operations, integration }: GatewayPorts): HandledRoute {
  const type = "order.reservation.withdrawn";
  return route({
    method: "DELETE",
    path: "/process/v1/reservations/{orderId}",
    operation: "withdrawReservation",
    tag: "Process",
    summary: "Give back what is held",
    description: "What is over already is answered as it ended.",
    access: "process:write",
    idempotencyKey: true,
    pathParameters: ReservationPath,
    query: CompanyQuery,
    answers: {
      200: { description: "Nothing is held any more", schema: ReservationDocument },
      409: { description: "The order has been submitted: cancel it" },
    },
    async handle({ caller, path, query, idempotencyKey }) {
      const company = query.company ?? integration.company;
      const { orderId } = path;
      if (reservationDocument(await operations.order(company, orderId)) === null) throw notFound(orderId);
      const event = canonicalEvent(speakerOf(caller), company, { type, data: { company, orderId } });
      const answer = await commands.submit(
        event,
        ({ order }) => withdrawn(order!),
        idempotent(caller, `${type} ${company} ${orderId}`, idempotencyKey, null),
      );
      return answered(answer, `What is held for order ${orderId} stands.`);
    },
  });
}

const withdrawn = (order: Order): { status: number; body: unknown } =>
  order.reservation?.state === "ordered" ? ordered(order) : { status: 200, body: reservationDocument(order) };
