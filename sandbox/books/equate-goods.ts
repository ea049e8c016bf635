// Goods: what Crossdock released and the warehouses have, what they moved and the ERP posted, what stands there and
// what Crossdock and the ledger say stands there.
import type { Drawn } from "./drawn.ts";
import { writeExact } from "./exact.ts";
import type { ErpMovement, Goods, Location } from "./facts.ts";
import { GOODS_ISSUE, GOODS_RETURN, movedGoods, movementLines } from "./posted.ts";
import { type Equation, equate, Tally } from "./tally.ts";
import { named } from "./trace.ts";

export function equateReleases({ facts, trace, figures }: Drawn): Equation[] {
  const section = "Goods out";
  const released = new Tally();
  const shipped = new Tally();
  for (const order of facts.crossdock.orders) {
    const number = named(trace.find(order.orderId), order.orderId);
    for (const { location, state, lines } of order.releases) {
      if (state === "refused") continue;
      for (const { sku, quantity } of lines) released.add(lineAt(location, number, sku, quantity));
    }
    for (const line of order.lines) shipped.add(`${number} ${line.sku}`, line.shipped);
  }
  const held = new Tally();
  for (const { location, outbound } of facts.warehouses) {
    for (const { reference, lines } of outbound) {
      const number = named(trace.findReleased(reference), reference);
      for (const line of lines) held.add(lineAt(location, number, line.sku, line.ordered));
    }
  }
  return [
    equate({
      id: "releases.once",
      section,
      title: "Each released line stands once at its warehouse",
      measure: "count",
      left: { "lines released": released },
      right: { "lines of outbound orders": held },
    }),
    equate({
      id: "shipped.crossdock",
      section,
      title: "What the warehouses shipped, Crossdock knows as shipped",
      measure: "units",
      left: { "shipped by the warehouses": figures.shipped },
      right: { "shipped in Crossdock": shipped },
    }),
  ];
}

const lineAt = (location: string, number: string, sku: string, quantity: bigint): string =>
  `${location} ${number} ${sku} ${writeExact(quantity)}`;

export function equateMovements(drawn: Drawn): Equation[] {
  const { facts, figures } = drawn;
  const section = "Goods movements";
  const moved = new Tally();
  for (const { warehouse, goods } of movedGoods(facts)) {
    if (goods.kind === "issue" || goods.kind === "return") continue;
    moved.add(moveAt(warehouse.location, goods.kind, goods));
  }
  const posted = new Tally();
  for (const { movement, line } of movementLines(facts.erp.movements)) {
    const { location, type } = movement;
    if (type === GOODS_ISSUE || type === GOODS_RETURN) continue;
    const [kind, sign] = kinds[type] ?? [`type ${type}`, 1n];
    const goods = { sku: line.sku, quantity: sign * line.quantity, isHeld: line.isBlocked };
    posted.add(moveAt(location, kind, goods));
  }
  return [
    equate({
      id: "movements.issues",
      section,
      title: "Each goods issue of a warehouse is posted once in the ERP",
      measure: "units",
      left: { "issued by the warehouses": figures.issues.moved },
      right: { "posted in the ERP": figures.issues.posted },
    }),
    equate({
      id: "movements.returns",
      section,
      title: "Each return that came in is posted once in the ERP",
      measure: "units",
      left: { "received by the warehouses": figures.returns.moved },
      right: { "posted in the ERP": figures.returns.posted },
    }),
    equate({
      id: "movements.others",
      section,
      title: "Each receipt and adjustment of a warehouse is posted once in the ERP",
      measure: "count",
      left: { "at the warehouses": moved },
      right: { "posted in the ERP": posted },
    }),
    equateReferences(facts.erp.movements, section),
    equateAdjustments(drawn, section),
    equatePurchases(drawn, section),
  ];
}

const kinds: Record<string, [string, bigint]> = {
  "101": ["receipt", 1n],
  "551": ["adjustment", -1n],
  "552": ["adjustment", 1n],
};

const moveAt = (
  location: Location,
  kind: string,
  goods: Pick<Goods, "sku" | "quantity" | "isHeld">,
): string => `${location} ${kind} ${goods.sku} ${writeExact(goods.quantity)}${goods.isHeld ? " held" : ""}`;

/** A second posting under the same reference is a double, whatever its goods. */
function equateReferences(movements: readonly ErpMovement[], section: string): Equation {
  const documents = new Tally();
  const references = new Tally();
  for (const { number, reference } of movements) {
    if (reference === "") {
      documents.add(`${number} without a reference`);
      continue;
    }
    documents.add(reference);
    if (references.get(reference) === 0n) references.add(reference);
  }
  return equate({
    id: "movements.references",
    section,
    title: "Each movement in the ERP has an external reference of its own",
    measure: "count",
    left: { "movement documents": documents },
    right: { "external references": references },
  });
}

/** What a picker misses is the warehouse's own correction, not the input's. */
const PICK_SHORT = "PICK_SHORT";

function equateAdjustments({ expected, facts }: Drawn, section: string): Equation {
  const wanted = new Tally();
  for (const { sku, quantity } of expected.adjustments) wanted.add(sku, quantity);
  const made = new Tally();
  for (const { goods } of movedGoods(facts)) {
    if (goods.kind === "adjustment" && goods.reason !== PICK_SHORT) made.add(goods.sku, goods.quantity);
  }
  return equate({
    id: "movements.adjustments",
    section,
    title: "Negative quantities of the input are stock adjustments at the warehouses",
    measure: "units",
    left: { "in the input": wanted },
    right: { "adjusted by the warehouses": made },
  });
}

function equatePurchases({ facts }: Drawn, section: string): Equation {
  const received = new Tally();
  const numbers = new Set<string>();
  for (const line of facts.erp.purchases) {
    numbers.add(line.order);
    received.add(`${line.order} ${line.sku}`, line.received);
  }
  const arrived = new Tally();
  for (const { goods } of movedGoods(facts)) {
    if (goods.kind !== "receipt" || !numbers.has(goods.reference)) continue;
    arrived.add(`${goods.reference} ${goods.sku}`, goods.quantity);
  }
  return equate({
    id: "movements.purchases",
    section,
    title: "What came in for a purchase order is received on it in the ERP",
    measure: "units",
    left: { "received by the warehouses": arrived },
    right: { "received in the ERP": received },
  });
}

export function equateStock({ facts }: Drawn): Equation[] {
  const section = "Stock";
  const physical = new Tally();
  const held = new Tally();
  const told = new Tally();
  const again = new Tally();
  for (const { location, stock, contradictions } of facts.warehouses) {
    for (const [sku, figure] of stock) {
      physical.add(`${location} ${sku}`, figure.physical);
      held.add(`${location} ${sku}`, figure.held);
    }
    for (const { what, left, right } of contradictions) {
      told.add(`${location} ${what}`, left);
      again.add(`${location} ${what}`, right);
    }
  }
  const onHand = new Tally();
  for (const { sku, places } of facts.crossdock.items) {
    for (const place of places) onHand.add(`${place.location} ${sku}`, place.onHand);
  }
  return [
    equate({
      id: "stock.told",
      section,
      title: "What a warehouse tells in two ways agrees: its stock with its allocations, its numbers",
      measure: "units",
      left: { "told one way": told },
      right: { "told the other way": again },
    }),
    equate({
      id: "stock.crossdock",
      section,
      title: "On hand by SKU and location is the same at the warehouse and in Crossdock",
      measure: "units",
      left: { "at the warehouses": physical },
      right: { "in Crossdock": onHand },
    }),
    ...equateLedger(facts.erp, { physical, held }, section),
  ];
}

const signs: Record<string, bigint> = {
  "101": 1n,
  "651": 1n,
  "552": 1n,
  "601": -1n,
  "551": -1n,
  "311": -1n,
  "343": 0n,
  "344": 0n,
};

function equateLedger(
  erp: Drawn["facts"]["erp"],
  warehouses: { physical: Tally; held: Tally },
  section: string,
): Equation[] {
  const opening = new Tally();
  const standing = new Tally();
  for (const row of erp.ledger) {
    opening.add(`${row.location} ${row.sku}`, row.opening);
    standing.add(`${row.location} ${row.sku}`, row.quantity);
  }
  const moved = new Tally();
  for (const { movement, line } of movementLines(erp.movements)) {
    const sign = signs[movement.type] ?? 0n;
    moved.add(`${movement.location} ${line.sku}`, sign * line.quantity);
    if (movement.to !== undefined) moved.add(`${movement.to} ${line.sku}`, line.quantity);
  }
  return [
    equate({
      id: "ledger.movements",
      section,
      title: "The ERP's ledger is its opening stock and its goods movements",
      measure: "units",
      left: { "opening stock": opening, "goods movements": moved },
      right: { ledger: standing },
    }),
    equate({
      id: "ledger.stock",
      section,
      title: "The ERP's ledger is what stands at the warehouses",
      measure: "units",
      left: { "fit for sale": warehouses.physical, held: warehouses.held },
      right: { ledger: standing },
    }),
  ];
}
