// What Crossdock says over its public HTTP API: orders, availability, open exceptions, and its own side of the
// books. Lists are read to their last page.
import { type Asked, ask } from "./ask.ts";
import { readPennies } from "./exact.ts";
import type {
  Crossdock,
  CrossdockException,
  CrossdockItem,
  CrossdockLine,
  CrossdockOrder,
  Stream,
  Target,
} from "./facts.ts";
import { countOf, exactOf, type Fields, fieldsOf, listOf, textOf, textOr } from "./fields.ts";

const PAGE = 500;
/** SKUs in one question: they stand in the address. */
const SKUS_MAX = 100;

export interface CrossdockAddress {
  url: string;
  key: string;
}

export async function readCrossdock(address: CrossdockAddress, skus: Iterable<string>): Promise<Crossdock> {
  const crossdock: Asked = {
    name: "Crossdock",
    url: address.url.replace(/\/$/, ""),
    headers: { authorization: `Bearer ${address.key}` },
  };
  const orders = await readPages(crossdock, "process/v1/orders");
  const exceptions = await readPages(crossdock, "ops/v1/exceptions", "&open=true");
  // Counts of all days: the systems' own counts know no day.
  const books = fieldsOf(await ask(crossdock, "ops/v1/books?from=2000-01-01"), "Crossdock books");
  return {
    orders: orders.map(toOrder),
    items: await readItems(crossdock, [...new Set(skus)]),
    exceptions: exceptions.map(toException),
    streams: listOf(books, "intake").map(toStream),
    targets: listOf(books, "deliveries").map(toTarget),
  };
}

async function readPages(crossdock: Asked, path: string, more = ""): Promise<Fields[]> {
  const items: Fields[] = [];
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const answer = await ask(crossdock, `${path}?limit=${PAGE}${more}${cursor}`);
    const page: Fields = fieldsOf(answer, `Crossdock ${path}`);
    items.push(...listOf(page, "items"));
    const next: string = textOr(page, "next");
    cursor = next === "" ? undefined : `&cursor=${encodeURIComponent(next)}`;
  }
  return items;
}

function toOrder(fields: Fields): CrossdockOrder {
  return {
    orderId: textOf(fields, "orderId"),
    status: textOf(fields, "status"),
    channel: textOf(fields, "channel"),
    reference: textOr(fields, "reference"),
    purchaseOrder: textOr(fields, "purchaseOrder"),
    lines: listOf(fields, "lines").map(toLine),
    releases: listOf(fields, "releases").map((release) => ({
      location: textOf(release, "location"),
      state: textOf(release, "state"),
      lines: listOf(release, "lines").map((line) => ({
        sku: textOf(line, "sku"),
        quantity: exactOf(line, "quantity"),
      })),
    })),
    shipments: listOf(fields, "shipments").map((shipment) => ({
      shipmentId: textOf(shipment, "shipmentId"),
      location: textOf(shipment, "location"),
      delivered: textOr(shipment, "deliveredAt") !== "",
    })),
    invoices: listOf(fields, "invoices").map((invoice) => ({
      invoice: textOf(invoice, "invoice"),
      kind: textOf(invoice, "kind"),
      pennies: readPennies(textOf(invoice, "total")),
    })),
  };
}

function toLine(line: Fields): CrossdockLine {
  return {
    lineId: textOf(line, "lineId"),
    sku: textOf(line, "sku"),
    quantity: exactOf(line, "quantity"),
    price: exactOf(line, "price"),
    priceUnit: exactOf(line, "priceUnit"),
    cancelled: exactOf(line, "cancelled"),
    backordered: exactOf(line, "backordered"),
    promisedAt: textOr(line, "promisedAt"),
    shipped: exactOf(line, "shipped"),
    invoiced: exactOf(line, "invoiced"),
    credited: exactOf(line, "credited"),
    places: listOf(line, "places").map((place) => ({
      location: textOf(place, "location"),
      allocated: exactOf(place, "allocated"),
      shipped: exactOf(place, "shipped"),
    })),
  };
}

async function readItems(crossdock: Asked, skus: string[]): Promise<CrossdockItem[]> {
  const items: CrossdockItem[] = [];
  for (let from = 0; from < skus.length; from += SKUS_MAX) {
    const asked = skus.slice(from, from + SKUS_MAX).map((sku) => `sku=${encodeURIComponent(sku)}`);
    const answer = await ask(crossdock, `process/v1/availability?${asked.join("&")}`);
    items.push(...listOf(fieldsOf(answer, "Crossdock availability"), "items").map(toItem));
  }
  return items;
}

function toItem(fields: Fields): CrossdockItem {
  return {
    sku: textOf(fields, "sku"),
    available: exactOf(fields, "available"),
    places: listOf(fields, "locations").map((place) => ({
      location: textOf(place, "location"),
      onHand: exactOf(place, "onHand"),
      reserved: exactOf(place, "reserved"),
    })),
  };
}

function toException(fields: Fields): CrossdockException {
  return {
    code: textOf(fields, "code"),
    category: textOf(fields, "category"),
    key: textOr(fields, "key"),
    title: textOr(fields, "title"),
    detail: fieldsOf(fields.values.detail ?? {}, `${fields.at}.detail`).values,
  };
}

function toStream(row: Fields): Stream {
  return {
    system: textOf(row, "system"),
    native: {
      mapped: countOf(row, "nativeMapped"),
      ignored: countOf(row, "nativeIgnored"),
      failed: countOf(row, "nativeFailed"),
      duplicate: countOf(row, "nativeDuplicate"),
    },
    events: {
      received: countOf(row, "received"),
      recorded: countOf(row, "recorded"),
      duplicate: countOf(row, "duplicate"),
      conflict: countOf(row, "conflict"),
      rejected: countOf(row, "rejected"),
    },
    topics:
      row.values.topics === undefined
        ? []
        : listOf(row, "topics").map((topic) => ({
            topic: textOf(topic, "topic"),
            messages: countOf(topic, "mapped") + countOf(topic, "ignored") + countOf(topic, "failed"),
          })),
  };
}

function toTarget(row: Fields): Target {
  return {
    target: textOf(row, "target"),
    flow: textOr(row, "flow"),
    routed: countOf(row, "routed"),
    delivered: countOf(row, "delivered"),
    merged: countOf(row, "merged"),
    parked: countOf(row, "parked"),
    skipped: countOf(row, "skipped"),
    waiting: countOf(row, "waiting"),
  };
}
