// The books per stream and per target. What Crossdock received is compared with the source's own count of what it
// sent; a stream whose source counts nothing that could be compared is shown as unwitnessed, not as balanced.
import type { Drawn } from "./drawn.ts";
import type { Location, Stream, Target, Warehouse } from "./facts.ts";
import { type Equation, equate, Tally } from "./tally.ts";
import { named } from "./trace.ts";

export interface StreamBook {
  stream: string;
  /** What the source counts itself; empty: unwitnessed. */
  witnesses: { what: string; stated: number; received: number }[];
  native: { mapped: number; ignored: number; failed: number; duplicate: number };
  events: { received: number; recorded: number; duplicate: number; conflict: number; rejected: number };
  balanced: boolean;
}

export interface TargetBook {
  target: string;
  flow: string;
  routed: number;
  delivered: number;
  merged: number;
  parked: number;
  skipped: number;
  waiting: number;
  balanced: boolean;
}

interface Streams {
  equations: Equation[];
  books: (StreamBook | TargetBook)[];
}

export function equateStreams(drawn: Drawn): Streams {
  const { streams, targets } = drawn.facts.crossdock;
  const equations: Equation[] = [];
  const books: Streams["books"] = [];
  const systems = new Set([...Object.keys(witnesses), ...streams.map((stream) => stream.system)]);
  for (const system of systems) {
    const stream = streams.find((candidate) => candidate.system === system) ?? silent(system);
    const witnessed = (witnesses[system]?.(drawn, stream) ?? []).map((witness) =>
      equateWitness(stream, witness),
    );
    const own = [...witnessed, equateEvents(stream)];
    equations.push(...own);
    books.push({
      stream: system,
      witnesses: witnessed.map(({ left, right }) => ({
        what: left[0]!.label,
        stated: Number(left[0]!.amount),
        received: right.reduce((sum, term) => sum + Number(term.amount), 0),
      })),
      native: numbers(stream.native),
      events: numbers(stream.events),
      balanced: own.every((equation) => equation.balanced),
    });
  }
  for (const target of targets) {
    const equation = equateTarget(target);
    const { target: name, flow, ...counts } = target;
    equations.push(equation);
    books.push({ target: name, flow, ...numbers(counts), balanced: equation.balanced });
  }
  return { equations, books };
}

function numbers<Name extends string>(counts: Record<Name, bigint>): Record<Name, number> {
  const plain = Object.entries<bigint>(counts).map(([name, count]) => [name, Number(count)]);
  return Object.fromEntries(plain) as Record<Name, number>;
}

/** A source that Crossdock has never heard of still counts what it sent. */
function silent(system: string): Stream {
  return {
    system,
    native: { mapped: 0n, ignored: 0n, failed: 0n, duplicate: 0n },
    events: { received: 0n, recorded: 0n, duplicate: 0n, conflict: 0n, rejected: 0n },
    topics: [],
  };
}

interface Witness {
  id: string;
  /** The source's word for what it counts. */
  what: string;
  stated: Tally;
  received: Record<string, Tally>;
}

/** By the names that the systems have in the demo's configuration. */
const witnesses: Record<string, (drawn: Drawn, stream: Stream) => Witness[]> = {
  portal: (drawn, stream) => {
    const { orders, requests } = drawn.facts.portal;
    const acknowledged = [...orders, ...requests].filter((message) => message.acknowledged).length;
    return [notices("messages acknowledged", BigInt(acknowledged), stream), ordersOf(drawn, "portal")];
  },
  crm: (drawn) => [ordersOf(drawn, "crm")],
  erp: (drawn) => [ordersOf(drawn, "erp"), papersOf(drawn)],
  east: (drawn, stream) => [...eventsOf(drawn, "EAST", stream), shipmentsOf(drawn, "EAST")],
  west: (drawn, stream) => {
    const { stated, untaken } = warehouseOf(drawn, "WEST");
    const waiting: Witness = {
      id: "untaken",
      what: "files that nobody has taken",
      stated: new Tally().add("all files", untaken),
      received: { "must be": new Tally() },
    };
    return [messages(stated.what, stated.count, stream), waiting, shipmentsOf(drawn, "WEST")];
  },
  partner: (drawn, stream) => [...eventsOf(drawn, "3PL", stream), shipmentsOf(drawn, "3PL")],
};

const warehouseOf = ({ facts }: Drawn, location: Location): Warehouse =>
  facts.warehouses.find((warehouse) => warehouse.location === location)!;

/** Each message once, however often it came. */
function messages(what: string, count: bigint, { native }: Stream): Witness {
  const { mapped, ignored, failed } = native;
  const all = (amount: bigint) => new Tally().add("all messages", amount);
  const received = { mapped: all(mapped), "ignored by rule": all(ignored), failed: all(failed) };
  return { id: "messages", what, stated: all(count), received };
}

/** A push that only says that a request is there is no message more: the request itself is read behind its order. */
const NOTICE_TOPIC = /^notices$/;

function notices(what: string, count: bigint, stream: Stream): Witness {
  const { topics } = stream;
  if (topics.length === 0) return messages(what, count, stream);
  const received = new Tally();
  for (const { topic, messages: amount } of topics) {
    if (!NOTICE_TOPIC.test(topic)) received.add("all messages", amount);
  }
  const said = new Tally().add("all messages", count);
  return { id: "messages", what, stated: said, received: { "mapped, ignored or failed": received } };
}

/** Stock that is polled comes beside the numbered events, so their topics must be told apart. */
const STOCK_TOPIC = /^(stock|levels?|snapshots?|inventory|stock[-_.](sets?|levels?|snapshots?|pages?))$/i;

function eventsOf(drawn: Drawn, location: Location, { topics }: Stream): Witness[] {
  if (topics.length === 0) return [];
  const { stated } = warehouseOf(drawn, location);
  const received = new Tally();
  for (const { topic, messages: count } of topics) {
    if (!STOCK_TOPIC.test(topic)) received.add("all messages", count);
  }
  const said = new Tally().add("all messages", stated.count);
  return [
    { id: "messages", what: stated.what, stated: said, received: { "mapped, ignored or failed": received } },
  ];
}

function ordersOf({ expected, facts, trace }: Drawn, channel: "portal" | "crm" | "erp"): Witness {
  const stated = new Tally();
  if (channel === "erp") {
    for (const number of new Set(facts.erp.orders.map((order) => trace.find(order.number)))) {
      if (expected.orders.get(number ?? "")?.channel === "erp") stated.add(number!);
    }
  } else {
    const taken = channel === "crm" ? facts.crm : facts.portal.orders.filter((order) => order.acknowledged);
    for (const { names } of taken) stated.add(named(trace.find(names[0]!), names[0]!));
  }
  const received = new Tally();
  for (const order of facts.crossdock.orders) {
    if (order.channel === channel) received.add(named(trace.find(order.orderId), order.orderId));
  }
  return { id: "orders", what: "orders taken", stated, received: { "orders in Crossdock": received } };
}

function papersOf({ facts }: Drawn): Witness {
  const [stated, received] = [new Tally(), new Tally()];
  for (const { number } of [...facts.erp.invoices, ...facts.erp.credits]) stated.add(number);
  for (const { invoices } of facts.crossdock.orders)
    for (const { invoice } of invoices) received.add(invoice);
  return {
    id: "papers",
    what: "invoices and credit memos",
    stated,
    received: { "read back in Crossdock": received },
  };
}

/** Shipments and their deliveries, by order. */
function shipmentsOf(drawn: Drawn, location: Location): Witness {
  const { facts, trace } = drawn;
  const [stated, received] = [new Tally(), new Tally()];
  for (const { reference, shipments } of warehouseOf(drawn, location).outbound) {
    const number = named(trace.findReleased(reference), reference);
    for (const { delivered } of shipments) stated.add(number, delivered ? 2n : 1n);
  }
  for (const order of facts.crossdock.orders) {
    const number = named(trace.find(order.orderId), order.orderId);
    for (const shipment of order.shipments) {
      if (shipment.location === location) received.add(number, shipment.delivered ? 2n : 1n);
    }
  }
  return {
    id: "shipments",
    what: "shipments and deliveries",
    stated,
    received: { "known in Crossdock": received },
  };
}

const section = "Streams and targets";

function equateWitness({ system }: Stream, { id, what, stated, received }: Witness): Equation {
  return equate({
    id: `streams.${system}.${id}`,
    section,
    title: `${system}: what it counts itself was received`,
    measure: "count",
    left: { [what]: stated },
    right: received,
  });
}

const one = (amount: bigint): Tally => new Tally().add("all", amount);

function equateEvents({ system, events }: Stream): Equation {
  const { received, recorded, duplicate, conflict, rejected } = events;
  return equate({
    id: `streams.${system}.events`,
    section,
    title: `${system}: events received are recorded or known, in conflict or rejected`,
    measure: "count",
    left: { received: one(received) },
    right: {
      recorded: one(recorded),
      duplicate: one(duplicate),
      conflict: one(conflict),
      rejected: one(rejected),
    },
  });
}

function equateTarget({ target, flow, ...counts }: Target): Equation {
  return equate({
    id: `targets.${target}.${flow}`,
    section,
    title: `${target}, ${flow}: what was routed is delivered, merged, parked, skipped or waits`,
    measure: "count",
    left: { routed: one(counts.routed) },
    right: {
      delivered: one(counts.delivered),
      merged: one(counts.merged),
      parked: one(counts.parked),
      skipped: one(counts.skipped),
      waiting: one(counts.waiting),
    },
  });
}
