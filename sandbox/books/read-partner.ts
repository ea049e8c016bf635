// What Parcelworks, the 3PL, holds. Its stock figure is net of what it has allocated itself: what fulfilments
// have allocated and not dispatched is added, and the sum compared with its own inventory report.
import { type Asked, ask } from "./ask.ts";
import type { Goods, Moment, Outbound, Warehouse } from "./facts.ts";
import {
  countOf,
  exactOf,
  type Fields,
  fieldsOf,
  flagOf,
  instantOf,
  listOf,
  textOf,
  textOr,
} from "./fields.ts";
import { issuesOf } from "./read-east.ts";

const PAGE = 500;

interface Fulfilment extends Outbound {
  /** Promised to it and still there, by SKU. */
  allocated: { sku: string; quantity: bigint }[];
}

export async function readPartner(url: string, apiKey: string): Promise<Warehouse> {
  const partner: Asked = { name: "the 3PL", url, headers: { "x-api-key": apiKey } };
  const outbound = (await readPages(partner, "v2/fulfilments", "fulfilments")).map(toFulfilment);
  const net = await readPages(partner, "v2/stock", "items");
  const report = await readPages(partner, "v2/reports/inventory", "items");
  const events = await readEvents(partner);

  const stock = new Map<string, { physical: bigint; held: bigint }>();
  for (const row of net) {
    stock.set(textOf(row, "sku"), { physical: exactOf(row, "qty"), held: exactOf(row, "quarantineQty") });
  }
  for (const { sku, quantity } of outbound.flatMap((order) => order.allocated)) {
    const row = stock.get(sku);
    if (row === undefined) stock.set(sku, { physical: quantity, held: 0n });
    else row.physical += quantity;
  }
  const byReference = new Map(outbound.map((order) => [order.reference, order]));
  return {
    location: "3PL",
    stock,
    outbound,
    goods: [...outbound.flatMap(issuesOf), ...events.flatMap(goodsOf)],
    moments: events.flatMap((event) => momentsOf(event, byReference)),
    stated: { what: "numbered events", count: BigInt(events.length) },
    untaken: 0n,
    contradictions: report.map((row) => {
      const sku = textOf(row, "sku");
      return {
        what: `physical stock of ${sku}`,
        left: exactOf(row, "physicalQty"),
        right: stock.get(sku)?.physical ?? 0n,
      };
    }),
  };
}

async function readPages(partner: Asked, path: string, name: string): Promise<Fields[]> {
  const rows: Fields[] = [];
  for (let page = 1; ; page++) {
    const answer = fieldsOf(await ask(partner, `${path}?pageSize=${PAGE}&page=${page}`), `3PL ${path}`);
    const found = listOf(answer, name);
    rows.push(...found);
    if (found.length === 0 || BigInt(rows.length) >= countOf(answer, "total")) return rows;
  }
}

/** By their numbers, each once: a page may repeat events or show them in another order. */
async function readEvents(partner: Asked): Promise<Fields[]> {
  const byNumber = new Map<bigint, Fields>();
  for (let cursor = "ev-0", more = true; more; ) {
    const page: Fields = fieldsOf(await ask(partner, `v2/events?limit=200&since=${cursor}`), "3PL events");
    for (const event of listOf(page, "events")) byNumber.set(countOf(event, "eventNo"), event);
    cursor = textOf(page, "cursor");
    more = flagOf(page, "more");
  }
  return [...byNumber].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event);
}

function toFulfilment(fields: Fields): Fulfilment {
  const items = listOf(fields, "items");
  return {
    reference: textOf(fields, "clientRef"),
    lines: items.map((item) => ({
      line: textOf(item, "clientLine"),
      sku: textOf(item, "sku"),
      ordered: exactOf(item, "qty"),
      shipped: exactOf(item, "dispatchedQty"),
      short: exactOf(item, "shortQty"),
    })),
    shipments: listOf(fields, "dispatches").map((dispatch) => ({
      shipment: textOf(dispatch, "dispatchId"),
      delivered: textOr(dispatch, "deliveredAt") !== "",
      lines: listOf(dispatch, "items").map((item) => ({
        line: textOf(item, "clientLine"),
        sku: textOf(item, "sku"),
        quantity: exactOf(item, "qty"),
      })),
    })),
    allocated: items.map((item) => ({
      sku: textOf(item, "sku"),
      quantity: exactOf(item, "allocatedQty"),
    })),
  };
}

function goodsOf(event: Fields): Goods[] {
  const kind = textOf(event, "kind");
  if (kind === "INV_ADJ") {
    return [
      {
        kind: "adjustment",
        sku: textOf(event, "sku"),
        quantity: exactOf(event, "qtyChange"),
        isHeld: textOf(event, "bucket") === "quarantine",
        reference: "",
        reason: textOf(event, "reason"),
      },
    ];
  }
  if (kind !== "INB_RCVD" && kind !== "RTN_RCVD") return [];
  return listOf(event, "items").map((item) => ({
    kind: kind === "INB_RCVD" ? "receipt" : "return",
    sku: textOf(item, "sku"),
    quantity: exactOf(item, "qty"),
    isHeld: textOf(item, "bucket") === "quarantine",
    reference: textOr(event, kind === "INB_RCVD" ? "reference" : "clientRef"),
    reason: "",
  }));
}

function momentsOf(event: Fields, fulfilments: ReadonlyMap<string, Fulfilment>): Moment[] {
  const atMs = instantOf(event, "at");
  const kind = textOf(event, "kind");
  const reference = textOr(event, "clientRef");
  const of = (what: Moment["kind"], name: string): Moment[] =>
    listOf(event, "items").map((item) => ({
      atMs,
      kind: what,
      sku: textOf(item, "sku"),
      quantity: exactOf(item, name),
      reference,
    }));
  if (kind === "RCVD") return of("demand", "qty");
  if (kind === "SHRT") return of("given-up", "shortQty");
  if (kind === "CXL") {
    const lines = fulfilments.get(reference)?.lines ?? [];
    return lines.map(({ sku, ordered }) => ({ atMs, kind: "given-up", sku, quantity: ordered, reference }));
  }
  return goodsOf(event)
    .filter((moved) => !moved.isHeld && moved.quantity > 0n)
    .map(({ sku, quantity }) => ({ atMs, kind: "supply", sku, quantity, reference }));
}
