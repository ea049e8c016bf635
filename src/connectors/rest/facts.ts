// A booking is a fact of its own, in both ways that it can end: the order waits for its number.
import type {
  Answer,
  BookingPayload,
  ConnectorContext,
  MappedEvent,
  OutboundMessage,
} from "../../connector/index.ts";

export function withFacts(answer: Answer, message: OutboundMessage, context: ConnectorContext): Answer {
  if (answer.kind === "done" && answer.reference !== undefined) {
    const facts = factsOf(message, answer.reference, context);
    return facts === undefined ? answer : { ...answer, facts };
  }
  if (answer.kind === "refused" && message.type === "order.booking") {
    const { company, orderId } = message.payload as BookingPayload;
    const { code, reason } = answer;
    const data = { company, orderId, system: context.system, code, reason: reason.slice(0, 1000) };
    return { ...answer, facts: [{ type: "order.booking.refused", data, time: context.now() }] };
  }
  return answer;
}

export function factsOf(
  message: OutboundMessage,
  reference: string,
  { system, now }: ConnectorContext,
): MappedEvent[] | undefined {
  if (message.type !== "order.booking") return undefined;
  const { company, orderId } = message.payload as BookingPayload;
  return [{ type: "order.booked", data: { company, orderId, system, document: reference, bookedAt: now() } }];
}
