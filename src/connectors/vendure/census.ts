// Which orders were placed in a time: every page, by the time of placing, which never changes.
import { addMs, type Census, parseTime, type Time } from "../../connector/index.ts";
import type { VendureClient } from "./client.ts";
import { isSellers } from "./order-message.ts";
import { fieldsOf, listOf, textOf } from "./values.ts";

const PAGE = 1_000;
const QUERY = `query ($options: OrderListOptions) {
  orders(options: $options) { items { code type orderPlacedAt } }
}`;

export async function orderCensus(
  client: VendureClient,
  window: { from: Time; to: Time },
): Promise<Census[]> {
  const ids = new Set<string>();
  for (let skip = 0; ; skip += PAGE) {
    const options = {
      take: PAGE,
      skip,
      sort: { orderPlacedAt: "ASC" },
      // `after` excludes its time.
      filter: { orderPlacedAt: { between: { start: addMs(window.from, -1), end: window.to } } },
    };
    const data = await client.ask(QUERY, { options }, {});
    const rows = listOf(fieldsOf(data.orders, "orders"), "items");
    for (const row of rows) {
      const placedAt = parseTime(textOf(row, "orderPlacedAt"));
      if (placedAt >= window.from && placedAt < window.to && !isSellers(row)) ids.add(textOf(row, "code"));
    }
    if (rows.length < PAGE) return [{ domain: "order", ids: [...ids] }];
  }
}
