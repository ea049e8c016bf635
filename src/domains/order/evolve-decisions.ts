// What our own decisions make of an order. Figures of a decision are differences; one that takes more than there is
// is a programming error and throws.
import { type Decimal, maxDecimal, minDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import { CrossdockError } from "../../core/errors.ts";
import { parseTime } from "../../core/time.ts";
import type { OrderEventData } from "./contract.ts";
import { askedBack, changeLines, changePlace, type StatedUnits, withAskedBack } from "./lines.ts";
import { withReservationEnded } from "./reservation.ts";
import type { LineUnits, Order, OrderLine } from "./state.ts";

/**
 * From here on the lines count in base units; what was cancelled before is converted with them. What was held for the
 * order is the order's own now, as far as its lines are promised it.
 */
export function withAcceptance(order: Order, data: OrderEventData<"order.accepted">): Order {
  const converted = new Map(data.lines.map((line) => [line.lineId, line]));
  const lines = order.lines.map((line) => {
    const base = converted.get(line.lineId);
    const quantity = base === undefined ? line.quantity : parseDecimal(base.quantity);
    const cancelled =
      quantity === line.quantity ? line.cancelled : (line.cancelled * quantity) / line.ordered;
    return { ...line, quantity, cancelled, unit: base?.unit ?? data.unit };
  });
  return { ...withReservationEnded(order, "ordered"), status: "accepted", lines };
}

export function withAllocation(order: Order, data: OrderEventData<"order.allocated">): Order {
  const changes = new Map<string, ((line: OrderLine) => OrderLine)[]>();
  const plan = (lineId: string, change: (line: OrderLine) => OrderLine) => {
    const planned = changes.get(lineId);
    if (planned === undefined) changes.set(lineId, [change]);
    else planned.push(change);
  };
  for (const { lineId, location, quantity, doubted } of data.withdrawn ?? []) {
    plan(lineId, (line) => withdraw(line, location, parseDecimal(quantity)));
    if (doubted === undefined) continue;
    plan(lineId, (line) => changePlace(line, location, (place) => ({ ...place, doubted })));
  }
  for (const { lineId, location, quantity } of data.allocations) {
    plan(lineId, (line) => allocate(line, location, parseDecimal(quantity)));
  }
  for (const { lineId, quantity, promisedAt } of data.backordered) {
    plan(lineId, (line) => ({
      ...line,
      backordered: line.backordered + parseDecimal(quantity),
      promisedAt: promisedAt === undefined ? "" : parseTime(promisedAt),
    }));
  }
  const next = changeLines(order, changes, (line, planned) =>
    planned.reduce((held, change) => change(held), line),
  );
  return data.explanation.length === 0 ? next : { ...next, explanation: data.explanation };
}

function allocate(line: OrderLine, location: string, quantity: Decimal): OrderLine {
  return changePlace(line, location, (place) => ({ ...place, allocated: place.allocated + quantity }));
}

/** Ends a promise at a place, or a backorder where the location is empty. */
function withdraw(line: OrderLine, location: string, quantity: Decimal): OrderLine {
  if (location === "") {
    const backordered = left(line, line.backordered, quantity);
    return { ...line, backordered, promisedAt: backordered === ZERO ? "" : line.promisedAt };
  }
  return changePlace(line, location, (place) => {
    const reserved = left(line, place.allocated - place.shipped, quantity);
    const allocated = place.shipped + reserved;
    return { ...place, allocated, released: minDecimal(place.released, allocated) };
  });
}

function left(line: OrderLine, held: Decimal, taken: Decimal): Decimal {
  if (taken <= held) return held - taken;
  throw new CrossdockError(
    "order.promise-overdrawn",
    `More was taken back of line ${line.lineId} than is promised.`,
    { details: { lineId: line.lineId, sku: line.sku } },
  );
}

export function withRelease(order: Order, data: OrderEventData<"order.released">): Order {
  const { location } = data;
  const units = sumByLine(data.lines);
  const next = changeLines(order, units, (line, by) =>
    changePlace(line, location, (place) => ({ ...place, released: place.released + by })),
  );
  const number = 1 + order.releases.filter((held) => held.location === location).length;
  const lines = data.lines.map(unitsOf);
  return {
    ...next,
    releases: [...order.releases, { location, number, state: "asked", document: "", lines }],
  };
}

export function withLinesCancelled(order: Order, data: OrderEventData<"order.lines.cancelled">): Order {
  let next: Order = { ...order, cancellationCount: order.cancellationCount + 1 };
  const changes = new Map<string, typeof data.lines>();
  for (const line of data.lines) changes.set(line.lineId, [...(changes.get(line.lineId) ?? []), line]);
  next = changeLines(next, changes, (line, parts) =>
    parts.reduce((held, { location, quantity }) => {
      const units = parseDecimal(quantity);
      const rest = location === undefined ? held : withdraw(held, location, units);
      return { ...rest, cancelled: rest.cancelled + units };
    }, line),
  );
  return next;
}

export function withCancellationAsked(order: Order, data: OrderEventData<"order.cancellation.asked">): Order {
  const asked = new Map<string, LineUnits>();
  for (const line of data.lines) {
    const quantity = askedBack(order, data.location, line.lineId) + parseDecimal(line.quantity);
    asked.set(line.lineId, { lineId: line.lineId, sku: line.sku, quantity });
  }
  return {
    ...withAskedBack(order, data.location, asked),
    cancellationCount: order.cancellationCount + 1,
  };
}

const unitsOf = (line: StatedUnits): LineUnits => ({
  lineId: line.lineId,
  sku: line.sku,
  quantity: parseDecimal(line.quantity),
});

function sumByLine(lines: readonly StatedUnits[]): Map<string, Decimal> {
  const sums = new Map<string, Decimal>();
  for (const { lineId, quantity } of lines) {
    sums.set(lineId, maxDecimal(ZERO, sums.get(lineId) ?? ZERO) + parseDecimal(quantity));
  }
  return sums;
}
