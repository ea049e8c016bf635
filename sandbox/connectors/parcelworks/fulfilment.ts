// The fulfilments that Parcelworks has of one order of ours: one a release, found by their references.
import type { CallLimits, ParcelworksApi } from "./api.ts";
import { countOf, type Fields, listOf, numberOf, textOf, timeOf } from "./fields.ts";
import { writeReference } from "./reference.ts";

export interface Fulfilment {
  clientRef: string;
  status: string;
  updatedAt: string;
  lines: { lineId: string; sku: string; quantity: number }[];
}

const PAGE = 500;

/** The latest first. */
export async function fulfilmentsOf(
  api: ParcelworksApi,
  { company, orderId }: { company: string; orderId: string },
  call: CallLimits,
): Promise<Fulfilment[]> {
  const found: Fulfilment[] = [];
  for (let ordinal = 1; ; ordinal++) {
    const clientRef = writeReference({ company, orderId, ordinal });
    const fields = await api.find(`/v2/fulfilments/${encodeURIComponent(clientRef)}`, call);
    if (fields === undefined) return found.reverse();
    found.push(toFulfilment(fields));
  }
}

export async function* allFulfilments(api: ParcelworksApi, call: CallLimits): AsyncGenerator<Fields> {
  let read = 0;
  for (let number = 1; ; number++) {
    const page = await api.read(`/v2/fulfilments?page=${number}&pageSize=${PAGE}`, call);
    const fulfilments = listOf(page, "fulfilments", "$");
    yield* fulfilments;
    read += fulfilments.length;
    if (fulfilments.length === 0 || read >= Number(countOf(page, "total", "$"))) return;
  }
}

export function toFulfilment(fields: Fields): Fulfilment {
  return {
    clientRef: textOf(fields, "clientRef", "$"),
    status: textOf(fields, "status", "$"),
    updatedAt: timeOf(fields, "updatedAt", "$"),
    lines: listOf(fields, "items", "$").map((item, at) => ({
      lineId: textOf(item, "clientLine", `$.items[${at}]`),
      sku: textOf(item, "sku", `$.items[${at}]`),
      quantity: Number(numberOf(item, "qty", `$.items[${at}]`)),
    })),
  };
}
