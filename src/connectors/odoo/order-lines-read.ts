// One of our lines in Odoo, and the goods of it that still have to leave.
import type { Call, Desk } from "./client.ts";
import { noteOf, type OwnLine, ownLines } from "./order-note.ts";
import { type Fields, idOf } from "./values.ts";

export interface ReadLine extends OwnLine {
  record: Fields;
}

/** Ours, by our number. */
export async function readLines(desk: Desk, order: Fields, call: Call): Promise<Map<string, ReadLine>> {
  const fields = ["product_id", "product_uom_qty", "qty_delivered"];
  const domain = [["order_id", "=", idOf(order.id, "id")]];
  const records = await desk.client.search("sale.order.line", domain, fields, call);
  const own = ownLines(noteOf(order)!, records);
  const byKey = new Map<string, ReadLine>();
  for (const record of records) {
    const line = own.get(idOf(record.id, "id"));
    if (line !== undefined && !line.isCharge) byKey.set(line.key, { ...line, record });
  }
  return byKey;
}

/** Its moves that are neither done nor cancelled, towards the customer, the oldest first. */
export function openMoves(desk: Desk, lineId: number, call: Call): Promise<Fields[]> {
  const domain = [
    ["sale_line_id", "=", lineId],
    ["state", "not in", ["done", "cancel"]],
    ["picking_id.picking_type_code", "=", "outgoing"],
  ];
  const fields = [
    "picking_id",
    "product_id",
    "product_uom",
    "product_uom_qty",
    "location_id",
    "location_dest_id",
  ];
  return desk.client.search("stock.move", domain, fields, call);
}
