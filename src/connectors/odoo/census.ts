// Which orders Odoo holds that were made in a time: ours by our numbers, keyed ones by Odoo's.
import type { Census, Time } from "../../connector/index.ts";
import type { OdooClient } from "./client.ts";
import { noteOf } from "./order-note.ts";
import type { OdooSettings } from "./settings.ts";
import { textOf, timeOf, timeValue } from "./values.ts";

export async function orderCensus(
  client: OdooClient,
  { company }: OdooSettings,
  window: { from: Time; to: Time },
  signal: AbortSignal | undefined,
): Promise<Census[]> {
  const domain = [
    ["company_id", "=", company],
    ["state", "in", ["sale", "done"]],
    ["create_date", ">=", timeValue(window.from)],
    ["create_date", "<=", `${timeValue(window.to)}.999999`],
  ];
  const fields = ["name", "client_order_ref", "origin", "create_date"];
  const orders = await client.search("sale.order", domain, fields, signal === undefined ? {} : { signal });
  // Odoo answers whole seconds, cut off: the filter takes a second more, and this takes it off.
  const within = orders.filter((order) => {
    const made = timeOf(order, "create_date");
    return made >= window.from && made < window.to;
  });
  const ids = within.map((order) => textOf(order, noteOf(order) === undefined ? "name" : "client_order_ref"));
  return [{ domain: "order", ids: [...new Set(ids)], poll: "sales" }];
}
