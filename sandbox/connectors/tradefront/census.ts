// Which orders were placed in the shop in a time: every page.
import { type Census, parseTime, type Time } from "../../../src/connector/index.ts";
import { textOf } from "../native-fields.ts";
import type { TradefrontClient } from "./client.ts";

const LIST = { path: "orders", name: "orders" };
const PER_PAGE = 500;

export async function orderCensus(
  client: TradefrontClient,
  window: { from: Time; to: Time },
  signal: AbortSignal | undefined,
): Promise<Census[]> {
  const ids: string[] = [];
  const call = signal === undefined ? {} : { signal };
  for (let page = 1; ; page += 1) {
    const { rows, pages } = await client.page(LIST, { since: window.from, page, perPage: PER_PAGE }, call);
    for (const row of rows) {
      const placedAt = parseTime(textOf(row, "placedAt"));
      // In the order of their times: the rest is later still.
      if (placedAt >= window.to) return [{ domain: "order", ids, poll: "shop" }];
      if (placedAt >= window.from) ids.push(textOf(row, "orderNo"));
    }
    if (page >= pages) return [{ domain: "order", ids, poll: "shop" }];
  }
}
