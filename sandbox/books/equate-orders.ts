// The input against the channels, Crossdock and the ERP: every row in one class, every order taken where it should
// be, accepted or held as it should be, and booked once.
import { type Channel, channels } from "./channel.ts";
import type { Drawn } from "./drawn.ts";
import { ONE, PRODUCT_PLACES, writeExact, writeScaled } from "./exact.ts";
import type { InputOrder } from "./input.ts";
import { type Equation, equate, Tally } from "./tally.ts";
import { named } from "./trace.ts";

export function equateInput({ expected, facts, trace }: Drawn): Equation[] {
  const section = "Input";
  const classes = Object.entries(expected.classes).map(
    ([name, rows]) => [`${name} rows`, new Tally().add("all rows", BigInt(rows))] as const,
  );
  const byChannel = () =>
    Object.fromEntries(channels.map((channel) => [channel, new Tally()])) as Record<Channel, Tally>;
  const [wanted, found] = [byChannel(), byChannel()];
  for (const { channel, number } of expected.orders.values()) wanted[channel].add(`${channel} ${number}`);
  const channelOrders = { portal: facts.portal.orders, crm: facts.crm };
  for (const channel of ["portal", "crm"] as const) {
    for (const { names } of channelOrders[channel]) {
      found[channel].add(`${channel} ${named(trace.find(names[0]!), names[0]!)}`);
    }
  }
  // How often an order stands in the ERP is a question of its own.
  for (const number of new Set(facts.erp.orders.map((order) => trace.find(order.number)))) {
    if (expected.orders.get(number ?? "")?.channel === "erp") found.erp.add(`erp ${number}`);
  }
  return [
    equate({
      id: "input.rows",
      section,
      title: "Every row of the input is in one class",
      measure: "count",
      left: { "rows read": new Tally().add("all rows", BigInt(expected.rows)) },
      right: Object.fromEntries(classes),
    }),
    equate({
      id: "input.channels",
      section,
      title: "Every order of the input was taken in its channel, once",
      measure: "count",
      left: {
        "of the input, by the portal": wanted.portal,
        "by the CRM": wanted.crm,
        "in the ERP": wanted.erp,
      },
      right: { "taken in the portal": found.portal, "in the CRM": found.crm, "keyed in the ERP": found.erp },
    }),
  ];
}

const notAccepted: ReadonlySet<string> = new Set(["submitted", "held", "rejected"]);

export const isAccepted = (status: string): boolean => !notAccepted.has(status);

export function equateOrders(drawn: Drawn): Equation[] {
  const { expected, facts, trace } = drawn;
  const section = "Orders";
  const accepted = new Tally();
  const held = new Tally();
  for (const { number, customer } of expected.orders.values()) {
    (customer === undefined ? held : accepted).add(number);
  }
  const crossdockAccepted = new Tally();
  const crossdockHeld = new Tally();
  for (const { orderId, status } of facts.crossdock.orders) {
    const number = named(trace.find(orderId), orderId);
    if (isAccepted(status)) crossdockAccepted.add(number);
    else if (status === "held") crossdockHeld.add(number);
  }
  const booked = new Tally();
  for (const { number } of facts.erp.orders) booked.add(named(trace.find(number), number));
  return [
    equate({
      id: "orders.accepted",
      section,
      title: "Orders with a customer are accepted",
      measure: "count",
      left: { "in the input": accepted },
      right: { "accepted in Crossdock": crossdockAccepted },
    }),
    equate({
      id: "orders.held",
      section,
      title: "Orders without a customer are held",
      measure: "count",
      left: { "in the input": held },
      right: { "held in Crossdock": crossdockHeld },
    }),
    equate({
      id: "orders.once",
      section,
      title: "Each accepted order stands once in the ERP",
      measure: "count",
      left: { "accepted orders": accepted },
      right: { "sales orders in the ERP": booked },
    }),
    equateKeyed(drawn, section),
    equateLines(drawn, section),
  ];
}

/** What Crossdock books bears other sales channels than what the ERP's own users key. */
function equateKeyed({ expected, facts, trace }: Drawn, section: string): Equation {
  const keyed = new Tally();
  for (const { number, channel } of expected.orders.values()) if (channel === "erp") keyed.add(number);
  const bookedChannels = new Set<string>();
  for (const { number, salesChannel } of facts.erp.orders) {
    const channel = expected.orders.get(trace.find(number) ?? "")?.channel;
    if (channel === "portal" || channel === "crm") bookedChannels.add(salesChannel);
  }
  const own = new Tally();
  for (const { number, salesChannel } of facts.erp.orders) {
    const order = expected.orders.get(trace.find(number) ?? "");
    if (order?.channel === "erp" && !bookedChannels.has(salesChannel)) own.add(order.number);
  }
  return equate({
    id: "orders.keyed",
    section,
    title: "Orders keyed in the ERP bear a sales channel of their own, and are not booked back",
    measure: "count",
    left: { "keyed in the ERP": keyed },
    right: { "under a sales channel of their own": own },
  });
}

/** The first document of each order alone: a second one is counted by `orders.once`. */
function equateLines({ expected, facts, trace }: Drawn, section: string): Equation {
  const ordered = new Tally();
  for (const order of expected.orders.values()) {
    if (order.customer !== undefined) for (const line of linesOf(order)) ordered.add(line);
  }
  const booked = new Tally();
  const seen = new Set<string>();
  for (const order of facts.erp.orders) {
    const number = trace.find(order.number);
    if (number === undefined || seen.has(number)) continue;
    seen.add(number);
    for (const line of order.lines) {
      if (line.isFreight) {
        const amount = (line.quantity * line.price * ONE) / line.priceUnit;
        booked.add(`${number} freight ${writeScaled(amount, PRODUCT_PLACES)}`);
      } else {
        const price = `${writeExact(line.price)}${line.priceUnit === ONE ? "" : ` per ${writeExact(line.priceUnit)}`}`;
        booked.add(`${number} ${line.sku} ${writeExact(line.quantity)} at ${price}`);
      }
    }
  }
  return equate({
    id: "orders.lines",
    section,
    title: "Order lines and freight stand in the ERP as they were ordered",
    measure: "count",
    left: { "lines ordered": ordered },
    right: { "lines in the ERP": booked },
  });
}

function linesOf({ number, lines, freight }: InputOrder): string[] {
  return [
    ...lines.map((line) => `${number} ${line.sku} ${writeExact(line.quantity)} at ${writeExact(line.price)}`),
    ...freight.map((line) => `${number} freight ${writeScaled(line.quantity * line.price, PRODUCT_PLACES)}`),
  ];
}
