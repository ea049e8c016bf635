// Units from the order to the invoice, and what was taken back of them.
import type { Drawn } from "./drawn.ts";
import { type Equation, equate, Tally } from "./tally.ts";
import { named, splitKey } from "./trace.ts";

export function equateUnits(drawn: Drawn): Equation[] {
  const { facts, trace, figures } = drawn;
  const section = "Units";
  const { accepted, shipped, cancelled, invoiced, open, issues } = figures;
  const overShipped = new Tally();
  for (const [document, units] of shipped.entries()) {
    const beyond = units + cancelled.get(document) - accepted.get(document);
    if (beyond > 0n) overShipped.add(document, beyond);
  }
  const own = { cancelled: new Tally(), invoiced: new Tally(), credited: new Tally() };
  for (const order of facts.crossdock.orders) {
    const number = named(trace.find(order.orderId), order.orderId);
    for (const line of order.lines) {
      for (const name of ["cancelled", "invoiced", "credited"] as const) {
        own[name].add(`${number} ${line.sku}`, line[name]);
      }
    }
  }
  const knows = (name: keyof typeof own, word: string, more: Record<string, Tally> = {}): Equation =>
    equate({
      id: `units.${name}`,
      section,
      title: `What is ${word} in the ERP, Crossdock knows as ${word}`,
      measure: "units",
      left: { [`${word} in the ERP`]: figures[name] },
      right: { [`${word} in Crossdock`]: own[name], ...more },
    });
  return [
    equate({
      id: "units.balance",
      section,
      title: "Accepted and over-shipped is invoiced, cancelled or open",
      measure: "units",
      left: { accepted, "over-shipped": overShipped },
      right: { invoiced, cancelled, open, "shipped, not to be billed": issues.apart },
    }),
    equateTakenBack(drawn, section),
    equate({
      id: "units.returned",
      section,
      title: "What came back to the warehouses is credited",
      measure: "units",
      left: { "came back": figures.returned, "credited without goods": figures.creditedWithoutGoods },
      right: { credited: figures.credited, "came back, not to be credited": figures.returns.apart },
    }),
    knows("cancelled", "cancelled", {
      "cancelled when the goods had gone, an exception": tooLate(drawn, own.cancelled),
    }),
    knows("invoiced", "invoiced"),
    knows("credited", "credited"),
  ];
}

/** Exceptions that say that goods had gone when they were to be cancelled, or can not come back. */
const REFUSALS: ReadonlySet<string> = new Set(["order.cancellation-refused", "return.over-quantity"]);

/** Orders that an open exception says could not be cancelled or taken back any more. */
function refusingOrders({ facts, trace }: Drawn): Set<string | undefined> {
  const refusing = new Set<string | undefined>();
  for (const { code, key } of facts.crossdock.exceptions) {
    if (REFUSALS.has(code)) refusing.add(trace.find(splitKey(key)[1]));
  }
  return refusing;
}

/** A clerk who cancels in the ERP what has left already: the goods are gone, and somebody has to look. */
function tooLate(drawn: Drawn, known: Tally): Tally {
  const refusing = refusingOrders(drawn);
  const late = new Tally();
  for (const [document, units] of drawn.figures.cancelled.entries()) {
    const beyond = units - known.get(document);
    if (beyond > 0n && refusing.has(document.split(" ")[0])) late.add(document, beyond);
  }
  return late;
}

/** What is neither cancelled nor credited must be refused: then an exception is open about its order. */
function equateTakenBack(drawn: Drawn, section: string): Equation {
  const { expected, figures } = drawn;
  const { cancelled, credited } = figures;
  const takenBack = new Tally();
  const orders = new Map<string, string>();
  for (const { order, sku, quantity } of expected.takenBack) {
    takenBack.add(`${order} ${sku}`, quantity);
    orders.set(`${order} ${sku}`, order);
  }
  const refusing = refusingOrders(drawn);
  const refused = new Tally();
  for (const [document, units] of takenBack.entries()) {
    const left = units - cancelled.get(document) - credited.get(document);
    if (left > 0n && refusing.has(orders.get(document))) refused.add(document, left);
  }
  return equate({
    id: "units.taken-back",
    section,
    title: "What the input takes back of its sales is cancelled, credited or refused as an exception",
    measure: "units",
    left: { "taken back in the input": takenBack },
    right: { cancelled, credited, "refused as an exception": refused },
  });
}
