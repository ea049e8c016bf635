// Opening stock at EAST, WEST and 3PL and the purchase orders to come, for a given demand: short for one SKU
// in ten, most of it covered by a purchase order that arrives later. A pure function of its input.
import {
  type Decimal,
  divideFloor,
  formatDecimal,
  ONE,
  parseDecimal,
  SCALE,
  ZERO,
} from "../../src/core/decimal.ts";
import type { Time } from "../../src/core/time.ts";
import { stableShare } from "./hash.ts";
import type { RetailInput } from "./orders.ts";
import { isProductCode } from "./rules.ts";

export const LOCATIONS = ["EAST", "WEST", "3PL"] as const;
export type Location = (typeof LOCATIONS)[number];

/**
 * `plenty`: opening stock covers the demand. `covered`: a purchase order brings the rest. `part`: it brings
 * half of the rest. `uncovered`: none comes. The last two leave orders open.
 */
export type Cover = "plenty" | "covered" | "part" | "uncovered";

export interface PlannedItem {
  sku: string;
  description: string;
  /** Whole units. */
  opening: Record<Location, string>;
  /** Where most of it lies, where purchase orders arrive and where its adjustments take place. */
  home: Location;
  cover: Cover;
  /** Units that orders with a customer ask for. */
  demand: string;
}

export interface PlannedPurchaseOrder {
  number: string;
  supplier: string;
  location: Location;
  /** The data's time at which the goods arrive, and the number of orders submitted by then. */
  dueAt: Time;
  arrivesAfterOrders: number;
  lines: { line: string; sku: string; quantity: string }[];
}

export interface StockPlan {
  /** By SKU, in code-unit order. */
  items: PlannedItem[];
  purchaseOrders: PlannedPurchaseOrder[];
}

type Demand = Pick<RetailInput, "orders" | "adjustments">;

interface SkuDemand {
  sku: string;
  description: string;
  lines: number;
  units: Decimal;
  /** Units that adjustments will take away. */
  adjusted: Decimal;
}

const SHORT = 1_000;
/** Of the short SKUs. A tenth would leave a seventh of the orders open: an order has twenty lines. */
const PART = 400;
const UNCOVERED = 300;
/** Opening stock of a short SKU, in hundredths of its demand. */
const SHORT_OPENING = { least: 80, spread: 16 };
const LINES_SHORT_MIN = 4;
const SUPPLIERS = 4;
/** When goods arrive, in hundredths of the orders. */
const ARRIVALS = [85, 92, 97, 100] as const;
const PURCHASE_ORDER_LINES_MAX = 200;

/** Hundredths of the stock at EAST, WEST and 3PL, by the SKU's home. */
const SPREAD: Record<Location, readonly [number, number]> = {
  EAST: [75, 25],
  WEST: [15, 75],
  "3PL": [10, 15],
};

export function planStock(demand: Demand): StockPlan {
  const skus = [...collect(demand).values()].sort((a, b) => (a.sku < b.sku ? -1 : 1));
  const items: PlannedItem[] = [];
  const bought = new Map<string, { item: PlannedItem; quantity: Decimal }[]>();
  for (const sku of skus) {
    const item = planItem(sku);
    items.push(item);
    const quantity = purchased(item, sku);
    if (quantity === ZERO) continue;
    const supplier = String(1 + (stableShare("supplier", sku.sku) % SUPPLIERS));
    const arrival = stableShare("arrival", sku.sku) % ARRIVALS.length;
    const key = `${arrival}-${item.home}-${supplier}`;
    const lines = bought.get(key);
    if (lines === undefined) bought.set(key, [{ item, quantity }]);
    else lines.push({ item, quantity });
  }
  return { items, purchaseOrders: planPurchases(bought, demand) };
}

function collect(demand: Demand): Map<string, SkuDemand> {
  const skus = new Map<string, SkuDemand>();
  const at = (sku: string, description: string) => {
    const known = skus.get(sku);
    if (known !== undefined) return known;
    const fresh = { sku, description, lines: 0, units: ZERO, adjusted: ZERO };
    skus.set(sku, fresh);
    return fresh;
  };
  for (const order of demand.orders) {
    for (const line of order.lines) {
      // A held order may carry codes of fees and vouchers, which no warehouse keeps.
      if (order.customer === undefined && !isProductCode(line.sku)) continue;
      const sku = at(line.sku, line.description);
      if (sku.description === "") sku.description = line.description;
      if (order.customer === undefined) continue;
      sku.lines++;
      sku.units += parseDecimal(line.quantity);
    }
  }
  for (const adjustment of demand.adjustments) {
    at(adjustment.sku, "").adjusted -= parseDecimal(adjustment.quantity);
  }
  return skus;
}

function planItem(sku: SkuDemand): PlannedItem {
  const home = homeOf(sku.sku);
  const cover = coverOf(sku);
  const opening: Record<Location, Decimal> = { EAST: ZERO, WEST: ZERO, "3PL": ZERO };
  if (cover === "plenty") {
    const total = sku.units + hundredths(sku.units, 10) + 5n * ONE;
    spread(opening, total, home);
    // Orders may empty the home before the adjustment comes; a shelf cannot lose what it does not hold.
    if (sku.adjusted > ZERO) opening[home] += sku.units + sku.adjusted;
  } else {
    const share = SHORT_OPENING.least + (stableShare("opening", sku.sku) % SHORT_OPENING.spread);
    spread(opening, hundredths(sku.units, share), home);
  }
  return {
    sku: sku.sku,
    description: sku.description,
    opening: {
      EAST: formatDecimal(opening.EAST),
      WEST: formatDecimal(opening.WEST),
      "3PL": formatDecimal(opening["3PL"]),
    },
    home,
    cover,
    demand: formatDecimal(sku.units),
  };
}

function homeOf(sku: string): Location {
  const share = stableShare("home", sku);
  if (share < 6_000) return "EAST";
  return share < 8_500 ? "WEST" : "3PL";
}

/** Few lines make no queue, and a SKU that is adjusted stays physically possible at its home. */
function coverOf(sku: SkuDemand): Cover {
  if (sku.lines < LINES_SHORT_MIN || sku.adjusted > ZERO) return "plenty";
  if (stableShare("short", sku.sku) >= SHORT) return "plenty";
  const share = stableShare("cover", sku.sku);
  if (share < UNCOVERED) return "uncovered";
  return share < UNCOVERED + PART ? "part" : "covered";
}

function purchased(item: PlannedItem, sku: SkuDemand): Decimal {
  if (item.cover === "plenty" || item.cover === "uncovered") return ZERO;
  const opening = LOCATIONS.reduce((sum, location) => sum + parseDecimal(item.opening[location]), ZERO);
  const missing = sku.units - opening;
  return item.cover === "covered" ? missing + hundredths(missing, 20) : hundredths(missing, 50);
}

function spread(opening: Record<Location, Decimal>, total: Decimal, home: Location): void {
  const [east, west] = SPREAD[home];
  opening.EAST = hundredths(total, east);
  opening.WEST = hundredths(total, west);
  opening["3PL"] = total - opening.EAST - opening.WEST;
}

/** Whole units, rounded down. */
function hundredths(units: Decimal, share: number): Decimal {
  return divideFloor(units * BigInt(share), 100n * SCALE);
}

function planPurchases(
  bought: ReadonlyMap<string, { item: PlannedItem; quantity: Decimal }[]>,
  demand: Demand,
): PlannedPurchaseOrder[] {
  const orders: PlannedPurchaseOrder[] = [];
  for (const key of [...bought.keys()].sort()) {
    const lines = bought.get(key)!;
    const [arrival, , supplier] = key.split("-");
    const after = Math.ceil((demand.orders.length * ARRIVALS[Number(arrival)]!) / 100);
    for (let start = 0; start < lines.length; start += PURCHASE_ORDER_LINES_MAX) {
      orders.push({
        number: `PO-${String(orders.length + 1).padStart(4, "0")}`,
        supplier: `SUP-${supplier}`,
        location: lines[0]!.item.home,
        dueAt: demand.orders[after - 1]!.placedAt,
        arrivesAfterOrders: after,
        lines: lines.slice(start, start + PURCHASE_ORDER_LINES_MAX).map(({ item, quantity }, index) => ({
          line: String(index + 1),
          sku: item.sku,
          quantity: formatDecimal(quantity),
        })),
      });
    }
  }
  return orders;
}
