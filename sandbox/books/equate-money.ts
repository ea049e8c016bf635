// Money: every line of the ERP's invoices and credit memos from the input's price, and their total from what the
// warehouses shipped. A line is quantity × price, rounded half up to the penny once.
import type { Drawn } from "./drawn.ts";
import { linePennies, PRODUCT_PLACES, writeScaled } from "./exact.ts";
import type { ErpInvoice } from "./facts.ts";
import { type Equation, equate, Tally } from "./tally.ts";
import { named } from "./trace.ts";

export const CURRENCY = "GBP";

interface Money {
  equations: Equation[];
  invoicedPennies: bigint;
  expectedPennies: bigint;
  /** Before rounding, of what is expected. */
  unrounded: string;
  creditedPennies: bigint;
}

export function equateMoney(drawn: Drawn): Money {
  const { facts } = drawn;
  const section = "Money";
  const invoiced = totals(drawn, facts.erp.invoices);
  const own = ownTotal(drawn);
  const invoiceLines = compareLines(drawn, facts.erp.invoices);
  const creditLines = compareLines(drawn, facts.erp.credits);
  const credited = totals(drawn, facts.erp.credits);
  const equations = [
    equate({
      id: "money.lines",
      section,
      title: "Each invoice line is its quantity at the ordered price, rounded half up to the penny",
      measure: "money",
      left: { "lines in the ERP": invoiceLines.erp },
      right: { "worked out from the input": invoiceLines.own },
    }),
    equate({
      id: "money.freight",
      section,
      title: "Freight is invoiced as given, once, with the first invoice of its order",
      measure: "money",
      left: { "freight in the ERP": freightOf(drawn) },
      right: { "freight in the input": own.freight },
    }),
    equate({
      id: "money.total",
      section,
      title: "The ERP's invoices are what the warehouses shipped, at the ordered prices, with freight",
      measure: "money",
      left: { "invoices in the ERP": invoiced },
      right: { "goods shipped": own.goods, freight: own.freight },
    }),
    equate({
      id: "money.credit-lines",
      section,
      title: "Each credit line is its quantity at the price of the sale",
      measure: "money",
      left: { "lines in the ERP": creditLines.erp },
      right: { "worked out from the input": creditLines.own },
    }),
    equate({
      id: "money.credit-total",
      section,
      title: "The ERP's credit memos are their lines at the prices of the sales",
      measure: "money",
      left: { "credit memos in the ERP": credited },
      right: { "worked out from the input": creditLines.byOrder },
    }),
    equatePapers(drawn, section),
  ];
  return {
    equations,
    invoicedPennies: invoiced.total(),
    expectedPennies: own.goods.total() + own.freight.total(),
    unrounded: writeScaled(own.unrounded, PRODUCT_PLACES),
    creditedPennies: credited.total(),
  };
}

/** Heads of documents by order. One in another currency, or with a part of a penny, belongs to nobody. */
function totals({ trace }: Drawn, papers: readonly ErpInvoice[]): Tally {
  const tally = new Tally();
  for (const { number, order, currency, pennies } of papers) {
    if (currency !== CURRENCY) tally.add(`? ${number} in ${currency}`, pennies ?? 1n);
    else if (pennies === undefined) tally.add(`? ${number} with a part of a penny`, 1n);
    else tally.add(named(trace.find(order), order), pennies);
  }
  return tally;
}

function compareLines({ trace }: Drawn, papers: readonly ErpInvoice[]) {
  const [erp, own, byOrder] = [new Tally(), new Tally(), new Tally()];
  for (const { number, order, lines } of papers) {
    for (const [index, line] of lines.entries()) {
      if (line.isFreight) continue;
      const document = `${number}/${index + 1} ${named(trace.find(order), order)} ${line.sku}`;
      const ordered = trace.inputLine(order, line.orderLine);
      const pennies =
        ordered?.sku === line.sku && line.pennies !== undefined
          ? linePennies(line.quantity, ordered.price)
          : 0n;
      erp.add(document, line.pennies ?? 1n);
      own.add(document, pennies);
      byOrder.add(named(trace.find(order), order), pennies);
    }
  }
  return { erp, own, byOrder };
}

function freightOf({ facts, trace }: Drawn): Tally {
  const tally = new Tally();
  for (const { order, lines } of facts.erp.invoices) {
    for (const line of lines) {
      if (line.isFreight) tally.add(named(trace.find(order), order), line.pennies ?? 1n);
    }
  }
  return tally;
}

/** From the warehouses' shipments and the input's prices alone; what is not to be billed is left out. */
function ownTotal({ expected, facts, trace, figures }: Drawn) {
  const unbilled = new Map(figures.issues.apart.entries());
  const [goods, freight] = [new Tally(), new Tally()];
  let unrounded = 0n;
  for (const { outbound } of facts.warehouses) {
    for (const { reference, shipments } of outbound) {
      const number = trace.findReleased(reference);
      for (const { line, sku, quantity } of shipments.flatMap((shipment) => shipment.lines)) {
        const price = number === undefined ? undefined : trace.shippedPrice(number, { reference, line, sku });
        if (number === undefined || price === undefined) {
          goods.add(`? ${named(number, reference)} ${sku} has no price in the input`, 1n);
          continue;
        }
        const billed = quantity - takeUnbilled(unbilled, `${number} ${sku}`, quantity);
        goods.add(number, linePennies(billed, price));
        unrounded += billed * price;
      }
    }
  }
  for (const number of new Set(facts.erp.invoices.map(({ order }) => trace.find(order)))) {
    for (const { quantity, price } of expected.orders.get(number ?? "")?.freight ?? []) {
      freight.add(number!, linePennies(quantity, price));
      unrounded += quantity * price;
    }
  }
  return { goods, freight, unrounded };
}

function takeUnbilled(unbilled: Map<string, bigint>, document: string, quantity: bigint): bigint {
  const left = unbilled.get(document) ?? 0n;
  const taken = left < quantity ? left : quantity;
  if (taken > 0n) unbilled.set(document, left - taken);
  return taken;
}

function equatePapers({ facts }: Drawn, section: string): Equation {
  const drawn = new Tally();
  const read = new Tally();
  for (const { number, pennies } of facts.erp.invoices) drawn.add(number, pennies ?? 0n);
  for (const { number, pennies } of facts.erp.credits) drawn.add(number, -(pennies ?? 0n));
  for (const { invoices } of facts.crossdock.orders) {
    for (const { invoice, pennies } of invoices) read.add(invoice, pennies ?? 0n);
  }
  return equate({
    id: "money.read-back",
    section,
    title: "Crossdock has read back each invoice and credit memo, credits taken off",
    measure: "money",
    left: { "drawn in the ERP": drawn },
    right: { "read back in Crossdock": read },
  });
}
