// The outbound orders that EAST has of one order of ours: one a release, found by their numbers.
import type { CallLimits, EastApi } from "./api.ts";
import { type Fields, listOf, numberOf, textOf, textOr, timeOf } from "./fields.ts";
import { lineIdOf, numberLines, readReference, writeReference } from "./reference.ts";

export interface Outbound {
  id: string;
  ordinal: number;
  status: string;
  updatedAt: string;
  lines: { lineId: string; sku: string; quantity: number }[];
}

export interface Wanted {
  /** Empty: the company of the installation. */
  company: string;
  orderId: string;
  /** EAST's number of one of them, where it is known. */
  document: string;
  lineIds: string[];
}

/** The latest first. */
export async function outboundsOf(api: EastApi, wanted: Wanted, call: CallLimits): Promise<Outbound[]> {
  const found = new Map<string, Outbound>();
  const keep = (fields: Fields) => {
    const outbound = toOutbound(fields);
    if (outbound !== undefined) found.set(outbound.id, outbound);
  };
  const { company, orderId, document } = wanted;
  for (let ordinal = 1; ; ordinal++) {
    const number = writeReference({ company, orderId, ordinal });
    const path = `/api/outbound?externalOrderNo=${encodeURIComponent(number)}`;
    const items = listOf(await api.read(path, call), "items", "$");
    if (items.length === 0) break;
    items.forEach(keep);
  }
  // Numbers that bear the names of lines cannot be put together from the order alone.
  const isNamed = numberLines(wanted.lineIds).lineIds !== undefined;
  if (document !== "" && !found.has(document)) {
    const outbound = await api.find(`/api/outbound/${encodeURIComponent(document)}`, call);
    if (outbound !== undefined) keep(outbound);
  }
  if (isNamed) {
    for await (const fields of allOutbounds(api, call)) {
      const reference = readReference(textOf(fields, "externalOrderNo", "$"));
      if (reference.orderId === orderId && reference.company === company) keep(fields);
    }
  }
  return [...found.values()].sort((a, b) => b.ordinal - a.ordinal);
}

export async function* allOutbounds(api: EastApi, call: CallLimits): AsyncGenerator<Fields> {
  for (let cursor = ""; ; ) {
    const query = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await api.read(`/api/outbound?limit=500${query}`, call);
    yield* listOf(page, "items", "$");
    cursor = textOr(page, "nextCursor", "$");
    if (cursor === "") return;
  }
}

/** Undefined where it is none of ours. */
export function toOutbound(fields: Fields): Outbound | undefined {
  const reference = readReference(textOf(fields, "externalOrderNo", "$"));
  if (reference.ordinal === 0) return undefined;
  return {
    id: textOf(fields, "outboundId", "$"),
    ordinal: reference.ordinal,
    status: textOf(fields, "status", "$"),
    updatedAt: timeOf(fields, "updatedAt", "$"),
    lines: listOf(fields, "lines", "$").map((line, at) => ({
      lineId: lineIdOf(reference, numberOf(line, "lineNo", `$.lines[${at}]`)),
      sku: textOf(line, "sku", `$.lines[${at}]`),
      quantity: Number(numberOf(line, "qty", `$.lines[${at}]`)),
    })),
  };
}
