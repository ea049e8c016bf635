// Which activated orders were made in a time. A record that was made since then has changed since then, so the list
// of changes holds it.
import type { Census, Time } from "../../../src/connector/index.ts";
import { epochMs } from "../../../src/core/time.ts";
import { textOf } from "../native-fields.ts";
import type { RelataClient } from "./client.ts";
import { nativeTime, queryTime } from "./native-time.ts";

export async function orderCensus(client: RelataClient, window: { from: Time; to: Time }): Promise<Census[]> {
  const ids = new Set<string>();
  const since = queryTime(epochMs(window.from));
  for (let token: string | undefined; ; ) {
    const query = { since, pageSize: 200, ...(token === undefined ? undefined : { token }) };
    const page = await client.list("orders", query, {});
    for (const record of page.records) {
      const made = nativeTime(record, "created_date");
      if (textOf(record, "stage") !== "activated" || made < window.from || made >= window.to) continue;
      ids.add(textOf(record, "id"));
    }
    if (page.next === undefined) return [{ domain: "order", ids: [...ids] }];
    token = page.next;
  }
}
