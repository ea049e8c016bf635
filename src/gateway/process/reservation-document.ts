// A reservation as the process layer shows it: what is held where, until when, or why it is not.
import { type Static, Type } from "typebox";
import { formatDecimal } from "../../core/decimal.ts";
import { Party } from "../../domains/order/contract.ts";
import type { Order } from "../../domains/order/state.ts";
import { isSubmitted } from "../../domains/order/status.ts";
import { DecimalText, object, oneOf, TimeText } from "../../domains/schema.ts";

const Text = Type.String();

export const ReservationDocument = object({
  company: Text,
  orderId: Text,
  /** `ordered`: what was held became the order's own. */
  status: oneOf("held", "ordered", "expired", "withdrawn", "refused"),
  channel: Text,
  customer: Type.Union([Party, Type.Null()]),
  expiresAt: Type.Union([TimeText, Type.Null()]),
  /** What is held, or was at last, in base units. */
  lines: Type.Array(object({ lineId: Text, sku: Text, location: Text, quantity: DecimalText, unit: Text })),
  /** Why the latest request was refused. */
  refusal: Type.Union([object({ code: Text, reason: Text }), Type.Null()]),
  explanation: Type.Array(Text),
});

/** Null where nothing was ever held, or asked to be, under the order's number. */
export function reservationDocument(order: Order | null): Static<typeof ReservationDocument> | null {
  if (order === null || (order.reservation === null && isSubmitted(order))) return null;
  const { company, orderId, channel, customer, reservation, explanation } = order;
  return {
    company,
    orderId,
    status: reservation?.state ?? "refused",
    channel,
    customer,
    expiresAt: reservation?.expiresAt ?? null,
    lines: (reservation?.lines ?? []).map((held) => ({ ...held, quantity: formatDecimal(held.quantity) })),
    refusal: isSubmitted(order) ? null : order.rejection,
    explanation,
  };
}
