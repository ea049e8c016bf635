// Facts that count units and carry no business number of their own: the same report, whichever way it came, is
// known by its kind, place, time and lines, and counts once.
import { crc32c } from "../../core/crc32c.ts";
import type { Time } from "../../core/time.ts";
import type { StatedUnits } from "./lines.ts";
import type { Order } from "./state.ts";

export interface Report {
  type: string;
  time: Time;
  data: { location: string; lines?: readonly StatedUnits[]; returnId?: string };
}

export function reportId({ type, time, data }: Report): string {
  const lines = (data.lines ?? []).map((line) => [line.lineId, line.sku, line.quantity, line.unit ?? ""]);
  const content = crc32c(JSON.stringify([data.returnId ?? "", lines])).toString(16);
  return `${type} ${data.location} ${time} ${content}`;
}

export const isReported = (order: Order, report: Report): boolean =>
  order.reports.length > 0 && order.reports.includes(reportId(report));

export const withReport = (order: Order, report: Report): Order => ({
  ...order,
  reports: [...order.reports, reportId(report)],
});
