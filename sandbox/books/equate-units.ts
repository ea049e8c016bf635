// Units from the order to the invoice, and what was taken back of them.
import type { Drawn } from "./drawn.ts";
import { type Equation, equate, Tally } from "./tally.ts";
import { named } from "./trace.ts";

export function equateUnits({ expected, facts, trace, figures }: Drawn): Equation[] {
  const section = "Units";
  const { accepted, shipped, cancelled, invoiced, open, unbilled, credited, returned } = figures;
  const overShipped = new Tally();
  for (const [document, units] of shipped.entries()) {
    const beyond = units + cancelled.get(document) - accepted.get(document);
    if (beyond > 0n) overShipped.add(document, beyond);
  }
  const takenBack = new Tally();
  for (const { order, sku, quantity } of expected.takenBack) takenBack.add(`${order} ${sku}`, quantity);
  const own = { cancelled: new Tally(), invoiced: new Tally(), credited: new Tally() };
  for (const order of facts.crossdock.orders) {
    const number = named(trace.find(order.orderId), order.orderId);
    for (const line of order.lines) {
      for (const name of ["cancelled", "invoiced", "credited"] as const) {
        own[name].add(`${number} ${line.sku}`, line[name]);
      }
    }
  }
  const knows = (name: keyof typeof own, word: string): Equation =>
    equate({
      id: `units.${name}`,
      section,
      title: `What is ${word} in the ERP, Crossdock knows as ${word}`,
      measure: "units",
      left: { [`${word} in the ERP`]: figures[name] },
      right: { [`${word} in Crossdock`]: own[name] },
    });
  return [
    equate({
      id: "units.balance",
      section,
      title: "Accepted and over-shipped is invoiced, cancelled or open",
      measure: "units",
      left: { accepted, "over-shipped": overShipped },
      right: { invoiced, cancelled, open, "shipped, not to be billed": unbilled },
    }),
    equate({
      id: "units.taken-back",
      section,
      title: "What the input takes back of its sales is cancelled or credited",
      measure: "units",
      left: { "taken back in the input": takenBack },
      right: { cancelled, credited },
    }),
    equate({
      id: "units.returned",
      section,
      title: "What came back to the warehouses is credited",
      measure: "units",
      left: { "came back": returned, "credited without goods": figures.creditedWithoutGoods },
      right: { credited },
    }),
    knows("cancelled", "cancelled"),
    knows("invoiced", "invoiced"),
    knows("credited", "credited"),
  ];
}
