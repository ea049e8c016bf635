// What a report about a shipment adds to what is known of it. A shipment's number and place are its identity: the
// same said twice adds nothing, a growing total adds the difference, a contradiction adds nothing and is named.
import { checkRange, type Decimal, ZERO } from "../../core/decimal.ts";
import { parseTime } from "../../core/time.ts";
import type { ShipmentShipped } from "./contract.ts";
import { matchLines, statedKey, sumStated } from "./lines.ts";
import type { LineUnits, Order, OrderShipment } from "./state.ts";

/** Units of a line that a report adds. `total`: of this line in this shipment, now. */
export interface Increment extends LineUnits {
  total: Decimal;
}

/** In its own unit; empty where none was stated. */
export type StrangeIncrement = Increment & { unit: string };

export interface Contradiction {
  lineId: string;
  sku: string;
  held: Decimal;
  said: Decimal;
}

export interface ShipmentReport {
  /** Where it stands among the order's shipments; -1: it is new. */
  index: number;
  /** As it is known now. */
  shipment: OrderShipment;
  increments: Increment[];
  /** Of lines, SKUs or units that the order does not have. */
  strange: StrangeIncrement[];
  /** Lines that are now said to be fewer, or other than before. */
  contradicted: Contradiction[];
}

export function readShipment(order: Order, data: ShipmentShipped, system: string): ShipmentReport {
  const index = order.shipments.findIndex(
    (one) => one.shipmentId === data.shipmentId && (one.location === data.location || one.location === ""),
  );
  const held = index < 0 ? undefined : order.shipments[index]!;
  const { known, strange } = matchLines(order, data.lines);
  const skus = new Map(data.lines.map((line) => [line.lineId, line.sku]));
  const stated = [...known].map(([lineId, quantity]) => ({ lineId, sku: skus.get(lineId)!, quantity }));
  const isLater = held !== undefined && held.shippedAt !== "" && parseTime(data.shippedAt) > held.shippedAt;
  const isFinal = (said: Decimal, before: Decimal) => data.cumulative !== true || (said < before && isLater);
  const lines = grow(held?.lines ?? [], stated, (line) => line.lineId, isFinal);
  const others = grow(held?.strange ?? [], sumStated(strange), statedKey, isFinal);
  return {
    index,
    shipment: { ...shipmentOf(data, system, held), lines: lines.now, strange: others.now },
    increments: lines.increments,
    strange: others.increments,
    contradicted: [...lines.contradicted, ...others.contradicted],
  };
}

interface Growth<Line extends LineUnits> {
  now: Line[];
  increments: (Line & { total: Decimal })[];
  contradicted: Contradiction[];
}

/** `isFinal`: whether another quantity than before contradicts it instead of adding to it. */
function grow<Line extends LineUnits>(
  held: readonly Line[],
  stated: readonly Line[],
  keyOf: (line: Line) => string,
  isFinal: (said: Decimal, before: Decimal) => boolean,
): Growth<Line> {
  const lines = new Map(held.map((line) => [keyOf(line), line]));
  const growth: Growth<Line> = { now: [], increments: [], contradicted: [] };
  for (const line of stated) {
    const said = line.quantity;
    const before = lines.get(keyOf(line))?.quantity ?? ZERO;
    if (before > ZERO && said !== before && isFinal(said, before)) {
      growth.contradicted.push({ lineId: line.lineId, sku: line.sku, held: before, said });
    } else if (said > before) {
      growth.increments.push({ ...line, quantity: said - before, total: checkRange(said) });
      lines.set(keyOf(line), line);
    }
  }
  growth.now = [...lines.values()];
  return growth;
}

function shipmentOf(data: ShipmentShipped, system: string, held: OrderShipment | undefined): OrderShipment {
  const isFirst = held === undefined || held.location === "";
  return {
    shipmentId: data.shipmentId,
    location: data.location,
    system: isFirst ? system : held.system,
    lines: [],
    strange: [],
    shippedAt: isFirst ? parseTime(data.shippedAt) : held.shippedAt,
    deliveredAt: held?.deliveredAt ?? "",
    carrier: data.carrier ?? held?.carrier ?? "",
    tracking: data.tracking ?? held?.tracking ?? "",
  };
}
