// Promises: what Crossdock says may be promised and what the portal shows, what is reserved, that nothing was
// promised twice, and what later facts took away from promises.
import type { Drawn } from "./drawn.ts";
import { readExact, writeExact } from "./exact.ts";
import type { CrossdockException } from "./facts.ts";
import { lessBuffer, openUnits, oversold, ownAvailable } from "./promise.ts";
import { type Equation, equate, Tally } from "./tally.ts";
import { named, splitKey } from "./trace.ts";

export interface Shortfall {
  sku: string;
  /** Empty: the order's units wait, wherever they were promised from. */
  location: string;
  units: string;
  /** Numbers of the input. */
  orders: string[];
}

interface Promises {
  equations: Equation[];
  /** Units. */
  oversold: string;
  shortfalls: Shortfall[];
}

export function equatePromises(drawn: Drawn): Promises {
  const section = "Promises";
  const held = heldUnits(drawn);
  const beyond = oversold(drawn);
  const equations = [
    equate({
      id: "promises.open",
      section,
      title: "Open units of orders are reserved or on backorder",
      measure: "units",
      left: { "ordered, not cancelled, not shipped": openUnits(drawn) },
      right: { "reserved or backordered in Crossdock": held.byOrder },
    }),
    ...equateAvailable(drawn, held.byPlace, section),
    equate({
      id: "promises.oversold",
      section,
      title: "Nothing was promised beyond what was there",
      measure: "units",
      left: { oversold: beyond },
      right: { "must be": new Tally() },
    }),
    equateShortfalls(drawn, held.byPlace, section),
  ];
  return { equations, oversold: writeExact(beyond.total()), shortfalls: listShortfalls(drawn) };
}

/** What order lines hold: allocated and not shipped, and for their order on backorder too. */
function heldUnits({ facts, trace }: Drawn): { byPlace: Tally; byOrder: Tally } {
  const [byPlace, byOrder] = [new Tally(), new Tally()];
  for (const order of facts.crossdock.orders) {
    for (const line of order.lines) {
      const document = `${named(trace.find(order.orderId), order.orderId)} ${line.sku}`;
      if (line.backordered > 0n) byOrder.add(document, line.backordered);
      for (const { location, allocated, shipped } of line.places) {
        if (allocated <= shipped) continue;
        byPlace.add(`${location} ${line.sku}`, allocated - shipped);
        byOrder.add(document, allocated - shipped);
      }
    }
  }
  return { byPlace, byOrder };
}

function equateAvailable(drawn: Drawn, held: Tally, section: string): Equation[] {
  const { facts } = drawn;
  const [available, maySell, reserved, shown] = [new Tally(), new Tally(), new Tally(), new Tally()];
  for (const item of facts.crossdock.items) {
    available.add(item.sku, item.available);
    maySell.add(item.sku, lessBuffer(item.available, item.sku, drawn));
    for (const place of item.places) reserved.add(`${place.location} ${item.sku}`, place.reserved);
  }
  for (const [sku, units] of facts.portal.sellable) shown.add(sku, units);
  return [
    equate({
      id: "promises.reserved",
      section,
      title: "Reserved by SKU and location is the sum of what orders hold there",
      measure: "units",
      left: { "held by orders": held },
      right: { "reserved in Crossdock": reserved },
    }),
    equate({
      id: "promises.available",
      section,
      title: "Available to promise is what stands at the warehouses less open orders",
      measure: "units",
      left: { "worked out": ownAvailable(drawn) },
      right: { "available in Crossdock": available },
    }),
    equate({
      id: "promises.portal",
      section,
      title: "What the portal may sell is available to promise less buffers",
      measure: "units",
      left: { "shown in the portal": shown },
      right: { "available less buffers": maySell },
    }),
  ];
}

/** Reserved beyond what stands there now. */
function missingAt({ facts }: Drawn, reserved: Tally): Tally {
  const missing = new Tally();
  for (const [place, units] of reserved.entries()) {
    const [location, sku] = splitPlace(place);
    const warehouse = facts.warehouses.find((candidate) => candidate.location === location);
    const short = units - (warehouse?.stock.get(sku)?.physical ?? 0n);
    if (short > 0n) missing.add(place, short);
  }
  return missing;
}

function equateShortfalls(drawn: Drawn, reserved: Tally, section: string): Equation {
  const known = new Tally();
  for (const shortfall of listShortfalls(drawn)) {
    if (shortfall.location === "") continue;
    known.add(`${shortfall.location} ${shortfall.sku}`, readExact(shortfall.units)!);
  }
  return equate({
    id: "promises.shortfalls",
    section,
    title: "What is reserved beyond what stands there is listed as a shortfall",
    measure: "units",
    left: { "reserved beyond stock": missingAt(drawn, reserved) },
    right: { "open shortfalls in Crossdock": known },
  });
}

/** As Crossdock lists them: of a SKU at a place, with the orders at risk, or of an order that waits. */
function listShortfalls({ facts, trace }: Drawn): Shortfall[] {
  return facts.crossdock.exceptions
    .filter((exception) => exception.code === "inventory.shortfall")
    .flatMap((exception): Shortfall[] => {
      const [domain, name] = splitKey(exception.key);
      if (domain !== "stock") {
        return linesIn(exception, "lines").map(({ sku, quantity }) => ({
          sku,
          location: "",
          units: quantity,
          orders: [named(trace.find(name), name)],
        }));
      }
      const atRisk = linesIn(exception, "ordersAtRisk");
      return [
        {
          sku: name,
          location: String(exception.detail.location ?? ""),
          units:
            readExact(String(exception.detail.short ?? "")) === undefined
              ? "0"
              : String(exception.detail.short),
          orders: [...new Set(atRisk.map(({ orderId }) => named(trace.find(orderId), orderId)))],
        },
      ];
    });
}

function linesIn(exception: CrossdockException, name: string) {
  const lines = exception.detail[name];
  return (Array.isArray(lines) ? lines : []).map((line: Record<string, unknown>) => ({
    orderId: String(line.orderId ?? ""),
    sku: String(line.sku ?? ""),
    quantity: String(line.quantity ?? "0"),
  }));
}

function splitPlace(place: string): [string, string] {
  const space = place.indexOf(" ");
  return [place.slice(0, space), place.slice(space + 1)];
}
