// Which orders the ERP holds that were made in a time, by our numbers: every page, by id.
import type { Census } from "../../../src/connector/index.ts";
import { epochMs, type Time } from "../../../src/core/time.ts";
import type { LedgerlineClient } from "./client.ts";
import { filterTime, nativeTime } from "./native-time.ts";
import { identityOf } from "./order-identity.ts";

export async function orderCensus(
  client: LedgerlineClient,
  window: { from: Time; to: Time },
  signal: AbortSignal | undefined,
): Promise<Census[]> {
  // Its times are whole seconds, cut off: the filter takes a second more at either end.
  const filter = `CreationDateTime ge ${filterTime(epochMs(window.from))} and CreationDateTime le ${filterTime(epochMs(window.to))}`;
  const records = await client.listAll("SalesOrders", filter, signal === undefined ? {} : { signal });
  const inWindow = records.filter((record) => {
    const made = nativeTime(record, "CreationDateTime");
    return made >= window.from && made < window.to;
  });
  return [{ domain: "order", ids: inWindow.map((record) => identityOf(record).orderId), poll: "sales" }];
}
