// Sales as orders. One that we booked confirms its booking; one that was keyed in Tryton is an order that is booked
// already. What is cancelled there for good is a total per line.
import {
  CrossdockError,
  localToUtc,
  type MappedEvent,
  type Mapping,
  type Time,
} from "../../connector/index.ts";
import { type Decimal, formatDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import { isGoods, lineIdentity, orderIdOf, skuOf } from "./identity.ts";
import { symbolOf } from "./sale-reading.ts";
import type { TrytonSettings } from "./settings.ts";
import { dateOf, type Fields, fieldsOf, listOf, numberOf, textOf, textOr, timeOf } from "./values.ts";

export interface MapContext {
  system: string;
  settings: TrytonSettings;
  /** What was made before is not taken. */
  takeFrom: Time | undefined;
}

const OLDER = "It was made before this integration took over.";
const NO_GOODS = "It moves no goods: it begins and ends in Tryton.";

export function mapOrder(body: Fields, context: MapContext): Mapping {
  const { system, settings } = context;
  const sale = fieldsOf(body.sale, "sale");
  const ignored = ignoredReason(sale, context);
  if (ignored !== undefined) return { ignored };
  const orderId = orderIdOf(sale);
  const document = textOf(sale, "number");
  const placedAt = timeOf(sale, "create_date")!;
  if (sale.ours === true) {
    return { events: [{ type: "order.booked", data: { orderId, system, document, bookedAt: placedAt } }] };
  }
  const { lines, charges, rejected } = rowsOf(sale, orderId, settings);
  const shipping = dateOf(sale, "shipping_date");
  const purchaseOrder = textOr(sale, "reference");
  const data = {
    orderId,
    customer: customerOf(sale),
    ...(purchaseOrder === undefined ? undefined : { purchaseOrder }),
    currency: textOf(fieldsOf(sale["currency."], "currency"), "code"),
    placedAt,
    ...(shipping === undefined
      ? undefined
      : { requestedShipAt: localToUtc(`${shipping} 00:00:00`, settings.timeZone, "earlier") }),
    lines,
    ...(charges.length === 0 ? undefined : { charges }),
    booked: { system, document },
  };
  const submitted: MappedEvent[] = lines.length === 0 ? [] : [{ type: "order.submitted", data }];
  return { events: [...submitted, ...rejected.map((event) => ({ ...event, time: placedAt }))] };
}

export function ignoredReason(sale: Fields, { takeFrom }: MapContext): string | undefined {
  if (sale.ours === true) return undefined;
  if (takeFrom !== undefined && timeOf(sale, "create_date")! < takeFrom) return OLDER;
  return linesOf(sale).some(isGoods) ? undefined : NO_GOODS;
}

/** Titles, comments and subtotals sell nothing. */
const linesOf = (sale: Fields): Fields[] => listOf(sale.lines, "lines").filter(({ type }) => type === "line");

function customerOf(sale: Fields): Fields {
  const party = fieldsOf(sale["party."], "party");
  const name = textOr(party, "name");
  const address = sale["shipment_address."];
  const country = address === null || address === undefined ? null : fieldsOf(address, "address")["country."];
  const code =
    country === null || country === undefined ? undefined : textOr(fieldsOf(country, "country"), "code");
  return {
    id: textOf(party, "code"),
    ...(name === undefined ? undefined : { name: name.slice(0, TEXT_LENGTH_MAX) }),
    ...(code === undefined || !/^[A-Z]{2}$/.test(code) ? undefined : { country: code }),
  };
}
const TEXT_LENGTH_MAX = 1000;

/** A line that is no sale of goods that we could ship is for a person; the others go on. */
function rowsOf(sale: Fields, orderId: string, settings: TrytonSettings) {
  const lines: Fields[] = [];
  const charges: Fields[] = [];
  const rejected: MappedEvent[] = [];
  const reject = (row: string, category: string, reason: string) =>
    rejected.push({ type: "order.row.rejected", data: { orderId, rows: [row], category, reason } });
  for (const line of linesOf(sale)) {
    const { key } = lineIdentity(line, false);
    const description = textOr(line, "description")?.slice(0, TEXT_LENGTH_MAX);
    const described = description === undefined ? undefined : { description };
    if (!isGoods(line)) {
      charges.push({
        chargeId: key,
        kind: chargeKind(line, settings),
        ...described,
        amount: numberOf(line, "amount"),
      });
      continue;
    }
    const sku = skuOf(line);
    const quantity = numberOf(line, "quantity");
    const price = numberOf(line, "unit_price");
    if (sku === "") reject(key, "code", "Its product has no code.");
    else if (parseDecimal(quantity) <= ZERO) reject(key, "quantity", `${sku} has no quantity above zero.`);
    else if (parseDecimal(price) < ZERO) reject(key, "price", `${sku} has a price below zero.`);
    else
      lines.push({ lineId: key, sku, ...described, quantity, unit: unitOf(line, "unit", settings), price });
  }
  return { lines, charges, rejected };
}

function chargeKind(line: Fields, { charges }: TrytonSettings): string {
  const code = skuOf(line);
  const known = Object.entries(charges).find(([, product]) => product === code)?.[0];
  if (known === "freight" || known === "fee" || known === "discount") return known;
  return parseDecimal(numberOf(line, "amount")) < ZERO ? "discount" : "fee";
}

export function unitOf(record: Fields, name: string, { units }: TrytonSettings): string {
  const symbol = symbolOf(record, name);
  if (Object.hasOwn(units, symbol)) return units[symbol]!;
  throw new CrossdockError("native.unmapped", `No unit of ours is ${symbol}: name it in units.`);
}

export function mapCancellation(body: Fields, context: MapContext): Mapping {
  const { settings } = context;
  const sale = fieldsOf(body.sale, "sale");
  const ignored = ignoredReason(sale, context);
  if (ignored !== undefined) return { ignored };
  const lines = linesOf(sale).flatMap((line) => {
    const { kind, key } = lineIdentity(line, sale.ours === true);
    const total = cancelledOf(line);
    if (kind !== "line" || total <= ZERO) return [];
    return [
      { lineId: key, sku: skuOf(line), quantity: formatDecimal(total), unit: unitOf(line, "unit", settings) },
    ];
  });
  if (lines.length === 0) return { ignored: "No goods of it were cancelled." };
  const data = {
    orderId: orderIdOf(sale),
    lines,
    cumulative: true,
    reason: `cancelled in ${textOf(sale, "number")}`,
    requestedAt: textOf(body, "changedAt"),
  };
  return { events: [{ type: "order.cancellation.requested", data }] };
}

/** What of a line was cancelled and will not be shipped again, in the line's unit. */
export function cancelledOf(line: Fields): Decimal {
  let total = ZERO;
  for (const move of listOf(line.cancelled, "cancelled")) {
    if (symbolOf(move, "uom") !== symbolOf(line, "unit")) {
      const why = `A cancelled move is counted in ${symbolOf(move, "uom")}, its line in ${symbolOf(line, "unit")}.`;
      throw new CrossdockError("native.unmapped", why);
    }
    total += parseDecimal(numberOf(move, "quantity"));
  }
  return total;
}
