// Which orders were placed in the shop in a time, by our numbers: page by page from the last time that was read.
import { type Census, parseTime, type Time } from "../../connector/index.ts";
import type { MedusaClient } from "./client.ts";
import { listOf, textOf } from "./fields.ts";
import { orderIdOf } from "./map.ts";

const PER_PAGE = 500;

export async function orderCensus(
  client: MedusaClient,
  orderPrefix: string,
  window: { from: Time; to: Time },
): Promise<Census[]> {
  const ids = new Set<string>();
  // Placing an order puts it at the end of this list, where it moves no other.
  for (let offset = 0; ; offset += PER_PAGE) {
    const page = await client.get(
      "/orders",
      [
        ["fields", "id,display_id,custom_display_id,created_at,canceled_at"],
        ["order", "created_at"],
        ["created_at[$gte]", window.from],
        ["created_at[$lt]", window.to],
        ["limit", String(PER_PAGE)],
        ["offset", String(offset)],
      ],
      {},
    );
    const rows = listOf(page ?? {}, "orders");
    for (const row of rows) {
      const at = parseTime(textOf(row, "created_at"));
      if (at >= window.from && at < window.to && typeof row.canceled_at !== "string")
        ids.add(orderIdOf(row, orderPrefix));
    }
    if (rows.length < PER_PAGE) return [{ domain: "order", ids: [...ids] }];
  }
}
