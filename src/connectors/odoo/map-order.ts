// Sales orders. One that we booked confirms its booking, and says what was cancelled of it; one that was keyed in Odoo
// is an order that is booked already.
import type { MappedEvent, Mapping } from "../../connector/index.ts";
import { noteOf, type OrderNote, ownLines } from "./order-note.ts";
import type { OdooSettings } from "./settings.ts";
import {
  type Fields,
  fieldsOf,
  idOf,
  linkOf,
  listOf,
  micros,
  microsText,
  numberOf,
  textOf,
  textOr,
  timeOf,
} from "./values.ts";

export interface MapContext {
  system: string;
  settings: OdooSettings;
}

export function mapOrder(body: Fields, context: MapContext): Mapping {
  const order = fieldsOf(body.order, "order");
  const lines = listOf(body.lines, "lines").filter((line) => line.display_type === false);
  const state = textOf(order, "state");
  const isCancelled = state === "cancel";
  // Where it was never confirmed nothing was ever to be delivered.
  if (isCancelled && numberOf(order, "picking_ids") === "0")
    return { ignored: "It was cancelled as a quotation." };
  if (!isCancelled && state !== "sale" && state !== "done") return { ignored: "It is a quotation." };
  const note = noteOf(order);
  if (note !== undefined) return mapOwn(order, note, lines, isCancelled, context);
  const orderId = textOf(order, "name");
  if (isCancelled) {
    const data = { orderId, reason: `cancelled in ${orderId}`, requestedAt: timeOf(order, "write_date") };
    return { events: [{ type: "order.cancellation.requested", data }] };
  }
  return mapKeyed(order, body.partner, lines, context);
}

function mapOwn(
  order: Fields,
  note: OrderNote,
  lines: Fields[],
  isCancelled: boolean,
  { system, settings }: MapContext,
): Mapping {
  const [orderId, document] = [textOf(order, "client_order_ref"), textOf(order, "name")];
  const events: MappedEvent[] = [
    {
      type: "order.booked",
      data: { orderId, system, document, bookedAt: timeOf(order, "create_date") },
    },
  ];
  const own = ownLines(note, lines);
  const cancelled = lines.flatMap((line) => {
    const ours = own.get(idOf(line.id, "id"));
    if (ours?.ordered === undefined) return [];
    const left = isCancelled ? 0n : micros(numberOf(line, "product_uom_qty"));
    const gone = micros(ours.ordered) - left;
    if (gone <= 0n) return [];
    const unit = unitOf(line, "unit", settings);
    return [{ lineId: ours.key, sku: codeOf(line), quantity: microsText(gone), ...unit }];
  });
  if (cancelled.length > 0) {
    const requestedAt = timeOf(order, "write_date");
    const reason = `cancelled in ${document}`;
    const data = { orderId, lines: cancelled, cumulative: true, reason, requestedAt };
    events.push({ type: "order.cancellation.requested", data });
  }
  return { events };
}

function mapKeyed(order: Fields, partner: unknown, lines: Fields[], context: MapContext): Mapping {
  const { system, settings } = context;
  const document = textOf(order, "name");
  const goods = lines.filter((line) => !isService(line));
  if (goods.length === 0) return { ignored: "It moves no goods: services alone stay in Odoo." };
  const reference = textOr(order, "client_order_ref");
  const data = {
    orderId: document,
    ...customerOf(partner),
    ...(reference === undefined ? undefined : { purchaseOrder: reference }),
    currency: linkOf(order, "currency_id")?.label,
    placedAt: timeOf(order, "date_order"),
    lines: goods.map((line) => ({
      lineId: String(idOf(line.id, "id")),
      sku: codeOf(line),
      description: textOr(line, "name")?.slice(0, 1000) ?? "",
      quantity: numberOf(line, "product_uom_qty"),
      ...unitOf(line, "unit", settings),
      price: netPrice(line),
    })),
    charges: lines.filter(isService).map((line) => {
      const amount = numberOf(line, "price_subtotal");
      const kind = amount.startsWith("-") ? "discount" : "freight";
      return { chargeId: String(idOf(line.id, "id")), kind, amount };
    }),
    booked: { system, document },
  };
  return { events: [{ type: "order.submitted", data }] };
}

function customerOf(partner: unknown): { customer?: { id: string; name?: string } } {
  if (partner === null || partner === undefined) return {};
  const fields = fieldsOf(partner, "partner");
  const id = textOr(fields, "ref");
  const name = textOr(fields, "name");
  // Without a reference nobody outside Odoo could tell whose it is: the order is held until somebody says.
  if (id === undefined) return {};
  return { customer: { id, ...(name === undefined ? {} : { name }) } };
}

export const isService = (line: Fields): boolean =>
  line.product !== null && fieldsOf(line.product, "product").type === "service";

export function codeOf(line: Fields): string {
  return textOf(fieldsOf(line.product, `product of line ${String(line.id)}`), "default_code");
}

/** For one unit, with the discount taken off, cut off at a millionth. */
function netPrice(line: Fields): string {
  const hundred = 100_000_000n;
  const discount = micros(numberOf(line, "discount"));
  return microsText((micros(numberOf(line, "price_unit")) * (hundred - discount)) / hundred);
}

export function unitOf(line: Fields, field: string, { units }: OdooSettings): { unit?: string } {
  const label = linkOf(line, field)?.label;
  if (label !== undefined && Object.hasOwn(units, label)) return { unit: units[label]! };
  return { unit: label ?? "" };
}
