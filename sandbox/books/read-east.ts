// What warehouse EAST holds: physical stock (picked goods included), outbound orders with their cartons, and its
// numbered events. A shipped event repeats the cartons before it, so each carton is taken once.
import { type Asked, ask } from "./ask.ts";
import { ONE } from "./exact.ts";
import type { Goods, Moment, Outbound, Warehouse } from "./facts.ts";
import { countOf, exactOf, type Fields, fieldsOf, instantOf, listOf, textOf, textOr } from "./fields.ts";

interface EastOutbound extends Outbound {
  id: string;
  createdMs: number;
}

export async function readEast(url: string, token: string): Promise<Warehouse> {
  const east: Asked = { name: "warehouse EAST", url, headers: { authorization: `Bearer ${token}` } };
  const stock = await readItems(east, "api/stock", 1000, "nextCursor");
  const outbound = (await readItems(east, "api/outbound", 500, "nextCursor")).map(toOutbound);
  const { events, last } = await readEvents(east);
  const byId = new Map(outbound.map((order) => [order.id, order]));
  const goods: Goods[] = [];
  const moments: Moment[] = outbound.flatMap((order) =>
    order.lines.map((line) => ({
      atMs: order.createdMs,
      kind: "demand" as const,
      sku: line.sku,
      quantity: line.ordered,
      reference: order.reference,
    })),
  );
  for (const order of outbound) goods.push(...issuesOf(order));
  for (const event of events) {
    const moved = goodsOf(event);
    goods.push(...moved);
    moments.push(...suppliesOf(event, moved), ...givenUp(event, byId));
  }
  return {
    location: "EAST",
    stock: new Map(
      stock.map((row) => [
        textOf(row, "sku"),
        { physical: exactOf(row, "onHand"), held: exactOf(row, "held") },
      ]),
    ),
    outbound,
    goods,
    moments,
    stated: { what: "numbered events", count: last },
    contradictions: [{ what: "events", left: last * ONE, right: BigInt(events.length) * ONE }],
    untaken: 0n,
  };
}

async function readItems(east: Asked, path: string, limit: number, cursor: string): Promise<Fields[]> {
  const items: Fields[] = [];
  for (let more: string | undefined = ""; more !== undefined; ) {
    const page: Fields = fieldsOf(await ask(east, `${path}?limit=${limit}${more}`), `EAST ${path}`);
    items.push(...listOf(page, "items"));
    const next: string = textOr(page, cursor);
    more = next === "" ? undefined : `&cursor=${encodeURIComponent(next)}`;
  }
  return items;
}

async function readEvents(east: Asked): Promise<{ events: Fields[]; last: bigint }> {
  const events: Fields[] = [];
  for (;;) {
    const page = fieldsOf(await ask(east, `api/events?limit=500&after=${events.length}`), "EAST events");
    const items = listOf(page, "items");
    events.push(...items);
    const last = countOf(page, "lastSeq");
    if (items.length === 0 || BigInt(events.length) >= last) return { events, last };
  }
}

function toOutbound(fields: Fields): EastOutbound {
  return {
    id: textOf(fields, "outboundId"),
    createdMs: instantOf(fields, "createdAt"),
    reference: textOf(fields, "externalOrderNo"),
    lines: listOf(fields, "lines").map((line) => ({
      line: textOf(line, "lineNo"),
      sku: textOf(line, "sku"),
      ordered: exactOf(line, "qty"),
      shipped: exactOf(line, "shippedQty"),
      short: exactOf(line, "shortQty"),
    })),
    shipments: listOf(fields, "cartons").map((carton) => ({
      shipment: textOf(carton, "cartonNo"),
      delivered: textOr(carton, "deliveredAt") !== "",
      lines: listOf(carton, "lines").map((line) => ({
        line: textOf(line, "lineNo"),
        sku: textOf(line, "sku"),
        quantity: exactOf(line, "qty"),
      })),
    })),
  };
}

/** Goods issues of an outbound order: one for each line of each shipment. */
export function issuesOf(order: Outbound): Goods[] {
  return order.shipments.flatMap(({ lines }) =>
    lines.map(({ sku, quantity }) => ({
      kind: "issue" as const,
      sku,
      quantity: -quantity,
      isHeld: false,
      reference: order.reference,
      reason: "",
    })),
  );
}

function goodsOf(event: Fields): Goods[] {
  const type = textOf(event, "type");
  const data = fieldsOf(event.values.data, `${event.at}.data`);
  if (type === "stock.adjusted") {
    return [
      {
        kind: "adjustment",
        sku: textOf(data, "sku"),
        quantity: exactOf(data, "delta"),
        isHeld: textOf(data, "status") === "HELD",
        reference: "",
        reason: textOf(data, "reason"),
      },
    ];
  }
  if (type !== "inbound.received" && type !== "return.received") return [];
  const isReturn = type === "return.received";
  return listOf(data, "lines").map((line) => ({
    kind: isReturn ? "return" : "receipt",
    sku: textOf(line, "sku"),
    quantity: exactOf(line, "qty"),
    isHeld: isReturn ? textOf(line, "disposition") === "HOLD" : textOf(line, "status") === "HELD",
    reference: textOr(data, isReturn ? "externalOrderNo" : "reference"),
    reason: "",
  }));
}

function suppliesOf(event: Fields, goods: readonly Goods[]): Moment[] {
  return goods
    .filter((moved) => !moved.isHeld && moved.quantity > 0n)
    .map(({ sku, quantity, reference }) => ({
      atMs: instantOf(event, "occurredAt"),
      kind: "supply",
      sku,
      quantity,
      reference,
    }));
}

function givenUp(event: Fields, outbound: ReadonlyMap<string, EastOutbound>): Moment[] {
  const type = textOf(event, "type");
  if (type !== "outbound.short" && type !== "outbound.cancelled") return [];
  const data = fieldsOf(event.values.data, `${event.at}.data`);
  const reference = textOf(data, "externalOrderNo");
  const left =
    type === "outbound.short"
      ? listOf(data, "lines").map((line) => ({
          sku: textOf(line, "sku"),
          quantity: exactOf(line, "shortQty"),
        }))
      : (outbound.get(textOf(data, "outboundId"))?.lines ?? []).map(({ sku, ordered }) => ({
          sku,
          quantity: ordered,
        }));
  const atMs = instantOf(event, "occurredAt");
  return left.map(({ sku, quantity }) => ({ atMs, kind: "given-up", sku, quantity, reference }));
}
