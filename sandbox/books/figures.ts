// What several equations need alike: units by order and SKU, each from the system that has them. `536365 85123A` is
// a document here; what belongs to no order of the input stands under `? ` and its own name.
import type { ErpMovement, Facts, Goods, Location, Warehouse } from "./facts.ts";
import type { Expected } from "./input.ts";
import { Tally } from "./tally.ts";
import { named, type Trace } from "./trace.ts";

export interface Figures {
  /** Of orders with a customer, by the input. */
  accepted: Tally;
  /** By the warehouses. */
  shipped: Tally;
  /** By the ERP's order lines. */
  cancelled: Tally;
  open: Tally;
  /** By the ERP's invoices and credit memos. */
  invoiced: Tally;
  credited: Tally;
  creditedWithoutGoods: Tally;
  /** Issued in the ERP and kept from billing, or issued without an order since the order did not need it. */
  unbilled: Tally;
  /** By place too: what the warehouses issued, and what the ERP has posted of it. */
  issued: Tally;
  posted: Tally;
  /** Came back to a warehouse. */
  returned: Tally;
}

export function gather(expected: Expected, facts: Facts, trace: Trace): Figures {
  const accepted = new Tally();
  for (const { number, customer, lines } of expected.orders.values()) {
    if (customer === undefined) continue;
    for (const line of lines) accepted.add(`${number} ${line.sku}`, line.quantity);
  }
  const shipped = new Tally();
  const issues = new Map<string, Issue>();
  const returned = new Tally();
  for (const { warehouse, goods } of movedGoods(facts)) {
    const { location } = warehouse;
    const document = documentOf(trace, goods);
    if (goods.kind === "return") returned.add(document, goods.quantity);
    if (goods.kind !== "issue") continue;
    shipped.add(document, -goods.quantity);
    const key = `${location} ${document}`;
    const units = (issues.get(key)?.units ?? 0n) - goods.quantity;
    issues.set(key, { location, document, sku: goods.sku, units });
  }
  const issued = new Tally();
  for (const [key, { units }] of issues) issued.add(key, units);
  return {
    accepted,
    shipped,
    issued,
    returned,
    ...orderFigures(facts, trace),
    ...paperFigures(facts, trace),
    ...issueFigures(facts, trace, issues),
  };
}

/** What one order had of one SKU from one place. */
interface Issue {
  location: Location;
  document: string;
  sku: string;
  units: bigint;
}

/** The order and SKU that goods at a warehouse belong to. */
export const documentOf = (trace: Trace, goods: Goods): string =>
  `${named(trace.findReleased(goods.reference), goods.reference)} ${goods.sku}`;

export function* movedGoods(facts: Facts): Generator<{ warehouse: Warehouse; goods: Goods }> {
  for (const warehouse of facts.warehouses) for (const goods of warehouse.goods) yield { warehouse, goods };
}

function orderFigures({ erp }: Facts, trace: Trace): Pick<Figures, "cancelled" | "open"> {
  const cancelled = new Tally();
  const open = new Tally();
  for (const order of erp.orders) {
    for (const line of order.lines) {
      if (line.isFreight) continue;
      const document = `${named(trace.find(order.number), order.number)} ${line.sku}`;
      cancelled.add(document, line.cancelled);
      const left = line.quantity - line.cancelled - line.delivered;
      if (left > 0n) open.add(document, left);
    }
  }
  return { cancelled, open };
}

function paperFigures(
  { erp }: Facts,
  trace: Trace,
): Pick<Figures, "invoiced" | "credited" | "creditedWithoutGoods"> {
  const invoiced = new Tally();
  const credited = new Tally();
  const creditedWithoutGoods = new Tally();
  for (const invoice of erp.invoices) {
    for (const line of invoice.lines) {
      if (line.isFreight) continue;
      invoiced.add(`${named(trace.find(invoice.order), invoice.order)} ${line.sku}`, line.quantity);
    }
  }
  for (const credit of erp.credits) {
    for (const line of credit.lines) {
      const document = `${named(trace.find(credit.order), credit.order)} ${line.sku}`;
      credited.add(document, line.quantity);
      if (!credit.fromReturn) creditedWithoutGoods.add(document, line.quantity);
    }
  }
  return { invoiced, credited, creditedWithoutGoods };
}

export const GOODS_ISSUE = "601";

/** An issue without a sales order is what a place shipped beyond the order: it fills what is missing there. */
function issueFigures(
  { erp }: Facts,
  trace: Trace,
  issues: ReadonlyMap<string, Issue>,
): Pick<Figures, "posted" | "unbilled"> {
  const posted = new Tally();
  const unbilled = new Tally();
  const loose = new Map<string, { location: Location; sku: string; units: bigint }>();
  for (const { movement, line } of movementLines(erp.movements)) {
    if (movement.type !== GOODS_ISSUE) continue;
    const { location } = movement;
    if (movement.order === "") {
      const key = `${location} ${line.sku}`;
      const units = (loose.get(key)?.units ?? 0n) + line.quantity;
      loose.set(key, { location, sku: line.sku, units });
      continue;
    }
    const document = `${named(trace.find(movement.order), movement.order)} ${line.sku}`;
    posted.add(`${location} ${document}`, line.quantity);
    if (line.billing === "Blocked") unbilled.add(document, line.quantity);
  }
  for (const [key, { location, document, sku, units }] of issues) {
    const pool = loose.get(`${location} ${sku}`);
    const missing = units - posted.get(key);
    if (pool === undefined || missing <= 0n) continue;
    const taken = missing < pool.units ? missing : pool.units;
    pool.units -= taken;
    posted.add(key, taken);
    unbilled.add(document, taken);
  }
  for (const { location, sku, units } of loose.values()) {
    if (units > 0n) posted.add(`${location} ? without an order ${sku}`, units);
  }
  return { posted, unbilled };
}

export function* movementLines(
  movements: readonly ErpMovement[],
): Generator<{ movement: ErpMovement; line: ErpMovement["lines"][number] }> {
  for (const movement of movements) for (const line of movement.lines) yield { movement, line };
}
