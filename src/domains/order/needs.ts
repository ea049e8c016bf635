// The SKUs that a decision about an event may look at or promise, to be locked before it is made. Too many cost
// concurrency; one too few makes the transaction start over.
import { ZERO } from "../../core/decimal.ts";
import type { OrderEvent, ShipmentShipped } from "./contract.ts";
import {
  findPlace,
  linesById,
  matchLines,
  openUnits,
  promisedUnits,
  reservedAt,
  unreleasedAt,
} from "./lines.ts";
import { heldUnits } from "./reservation.ts";
import type { Order, OrderLine } from "./state.ts";
import { isSubmitted } from "./status.ts";

export function neededSkus(order: Order | null, event: OrderEvent): string[] {
  if (event.type === "order.submitted" || event.type === "order.reservation.requested") {
    const isOpen = order === null || order.hold !== null || !isSubmitted(order);
    return isOpen ? skusOf([...event.data.lines, ...heldUnits(order)]) : [];
  }
  if (order === null) return [];
  switch (event.type) {
    case "order.reservation.withdrawn":
    case "order.reservation.due":
      return skusOf(heldUnits(order));
    case "order.hold.released":
      return order.hold === null ? [] : skusOf([...order.lines, ...heldUnits(order)]);
    case "order.pick.short":
    case "order.cancellation.confirmed":
      return named(order, event.data.lines);
    case "order.release.refused":
      return skusAt(order, event.data.location);
    case "order.cancellation.requested":
    case "return.requested":
      return withPromise(order, event.data.lines);
    case "order.reallocation.due":
      return skusOf(order.lines.filter(isLookedAt));
    case "shipment.shipped":
      return skusThatMayChange(order, event.data);
    default:
      return [];
  }
}

const skusOf = (lines: Iterable<{ sku: string }>): string[] => {
  const skus = new Set<string>();
  for (const { sku } of lines) skus.add(sku);
  return [...skus];
};

function named(order: Order, lines: readonly { lineId: string }[]): string[] {
  const byId = linesById(order);
  return skusOf(lines.flatMap(({ lineId }) => byId.get(lineId) ?? []));
}

function withPromise(order: Order, lines: readonly { lineId: string }[] | undefined): string[] {
  const byId = linesById(order);
  const meant = lines === undefined ? order.lines : lines.flatMap(({ lineId }) => byId.get(lineId) ?? []);
  return skusOf([...meant.filter((line) => promisedUnits(line) > ZERO), ...heldUnits(order)]);
}

function skusAt(order: Order, location: string): string[] {
  return skusOf(order.lines.filter((line) => findPlace(line, location) !== undefined));
}

const isLookedAt = (line: OrderLine): boolean =>
  line.backordered > ZERO || line.places.some((place) => unreleasedAt(place) > ZERO);

/** A shipment of what was promised there changes no promise; more, or from elsewhere, does. */
function skusThatMayChange(order: Order, data: ShipmentShipped): string[] {
  const byId = linesById(order);
  const changing: OrderLine[] = [];
  for (const [lineId, units] of matchLines(order, data.lines).known) {
    const line = byId.get(lineId)!;
    const place = findPlace(line, data.location);
    const isPlain =
      place !== undefined && units <= reservedAt(place) && promisedUnits(line) === openUnits(line);
    if (!isPlain) changing.push(line);
  }
  return skusOf(changing);
}
