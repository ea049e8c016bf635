// The sale of an order: ours by its reference, one that was keyed in Tryton by its number.
import { BOOKED, type Desk, findSale } from "./booking.ts";
import type { Limits } from "./client.ts";
import { isOurs } from "./identity.ts";
import { type Fields, fieldsOf, idOf, textOf } from "./values.ts";

export interface SaleHead {
  id: number;
  number: string;
  invoiceMethod: string;
  /** Its own; shipments may leave from another. */
  warehouse: number;
  /** Where its goods leave from. */
  output: number;
  /** What a shipment of it says of whom it goes to. */
  shipment: Fields;
  /** `ours` beside Tryton's fields. */
  record: Fields;
}

const FIELDS = [
  "number",
  "state",
  "reference",
  "create_uid",
  "invoice_method",
  "party",
  "shipment_party",
  "shipment_address",
  "warehouse",
  "warehouse.output_location",
];

/** Undefined where Tryton has no such sale in process. */
export async function findOrder(desk: Desk, orderId: string, limits: Limits): Promise<SaleHead | undefined> {
  const { client, settings } = desk;
  const uid = await client.uid(limits);
  const own = await findSale(desk, orderId, limits);
  const domain =
    own === undefined
      ? [
          ["number", "=", orderId],
          ["company", "=", settings.company],
        ]
      : [["id", "=", idOf(own.id, "id")]];
  const [sale] = await client.search("sale.sale", domain, FIELDS, limits);
  if (sale === undefined || !BOOKED.has(textOf(sale, "state"))) return undefined;
  if (own === undefined && isOurs(sale, uid)) return undefined;
  const warehouse = fieldsOf(sale["warehouse."], "warehouse");
  return {
    id: idOf(sale.id, "id"),
    number: textOf(sale, "number"),
    invoiceMethod: textOf(sale, "invoice_method"),
    warehouse: idOf(sale.warehouse, "warehouse"),
    output: idOf(warehouse.output_location, "output_location"),
    shipment: {
      customer: idOf(sale.shipment_party ?? sale.party, "party"),
      delivery_address: idOf(sale.shipment_address, "shipment_address"),
    },
    record: { ...sale, ours: isOurs(sale, uid) },
  };
}
