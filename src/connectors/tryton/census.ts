// Which of our orders Tryton holds as sales that were made in a time, by our numbers.
import type { Census, Time } from "../../connector/index.ts";
import type { Desk } from "./booking.ts";
import { textOf, timeValue } from "./values.ts";

export async function orderCensus(
  { client, settings }: Desk,
  window: { from: Time; to: Time },
  signal: AbortSignal | undefined,
): Promise<Census[]> {
  const limits = signal === undefined ? {} : { signal };
  const domain = [
    ["create_uid", "=", await client.uid(limits)],
    ["company", "=", settings.company],
    ["state", "in", ["processing", "done"]],
    ["reference", "not in", [null, ""]],
    ["create_date", ">=", timeValue(window.from)],
    ["create_date", "<", timeValue(window.to)],
  ];
  const sales = await client.search("sale.sale", domain, ["reference"], limits);
  return [{ domain: "order", ids: [...new Set(sales.map((sale) => textOf(sale, "reference")))] }];
}
