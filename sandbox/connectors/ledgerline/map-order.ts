// Sales orders. One that we booked confirms its booking; one that was keyed in the ERP, over the counter or on the
// telephone, is an order that is booked already. What somebody cancels there is a total per line.
import type { MappedEvent, Mapping, Time } from "../../../src/connector/index.ts";
import { divideRounded, formatDecimal, parseDecimal, SCALE, ZERO } from "../../../src/core/decimal.ts";
import { CrossdockError } from "../../../src/core/errors.ts";
import { isUnit } from "../../../src/core/unit.ts";
import type { Party } from "../../../src/domains/order/contract.ts";
import {
  countryOf,
  type Fields,
  fieldsOf,
  identifierOr,
  isIdentifier,
  listOf,
  numberOf,
  shown,
  textOf,
  textOr,
} from "../native-fields.ts";
import { type NativeCharge, type NativeRow, readRows, submission } from "../order-rows.ts";
import { nativeTime, startOfDate } from "./native-time.ts";
import { identityOf, isFreightAlone, type OrderIdentity } from "./order-identity.ts";
import type { LedgerlineSettings } from "./settings.ts";

export interface MapContext {
  system: string;
  settings: LedgerlineSettings;
  /** Orders that were keyed before are not taken. */
  takeFrom: Time | undefined;
}

const OLDER = "It was made before this integration took over.";
const FREIGHT_ALONE = "It moves no goods: freight alone stays in the ERP.";

export function mapOrder(body: Fields, context: MapContext): Mapping {
  const { system, settings } = context;
  const order = fieldsOf(body.SalesOrder, "SalesOrder");
  const identity = identityOf(order);
  const ignored = ignoredReason(order, identity, context);
  if (ignored !== undefined) return { ignored };
  const { orderId, document } = identity;
  if (identity.isOurs) {
    const data = { orderId, system, document, bookedAt: nativeTime(order, "CreationDateTime") };
    return { events: [{ type: "order.booked", data }] };
  }
  const requested = textOr(order, "RequestedDeliveryDate");
  const purchaseOrder = identifierOr(order, "CustomerPurchaseOrder");
  const placedAt = nativeTime(order, "CreationDateTime");
  const submitted = {
    orderId,
    customer: partyOf(order, body.Customer),
    ...(purchaseOrder === undefined ? undefined : { purchaseOrder }),
    currency: textOf(order, "Currency"),
    placedAt,
    ...(requested === undefined ? undefined : { requestedShipAt: startOfDate(requested, settings.timeZone) }),
    booked: { system, document },
  };
  return submission(submitted, keyedRows(order, identity, settings), placedAt);
}

export function ignoredReason(
  order: Fields,
  identity: OrderIdentity,
  { takeFrom }: MapContext,
): string | undefined {
  if (identity.isOurs) return undefined;
  if (takeFrom !== undefined && nativeTime(order, "CreationDateTime") < takeFrom) return OLDER;
  return isFreightAlone(identity) ? FREIGHT_ALONE : undefined;
}

function partyOf(order: Fields, customer: unknown): Party {
  const party: Party = { id: textOf(order, "CustomerNumber") };
  if (customer === null || customer === undefined) return party;
  const fields = fieldsOf(customer, "Customer");
  const name = textOr(fields, "Name");
  const country = countryOf(textOr(fields, "CountryCode"));
  if (name !== undefined) party.name = shown(name);
  if (country !== undefined) party.country = country;
  return party;
}

/** A row with the code, quantity or price of no sale is for a person, though the ERP took it. */
function keyedRows(order: Fields, identity: OrderIdentity, settings: LedgerlineSettings) {
  const rows: NativeRow[] = [];
  const charges: NativeCharge[] = [];
  for (const [index, line] of listOf(order, "Lines").entries()) {
    const { key, isFreight, sku } = identity.lines[index]!;
    const description = textOr(line, "Description") ?? "";
    if (isFreight) charges.push(toCharge(line, key, description));
    else {
      const price = pricing(line);
      const unit = unitOf(line, settings);
      rows.push({
        lineId: key,
        code: sku,
        description,
        quantity: line.Quantity,
        ...price,
        unit,
      });
    }
  }
  return readRows(rows, charges, { hasCustomer: true, freightInRows: false });
}

function toCharge(line: Fields, chargeId: string, description: string): NativeCharge {
  const kind = parseDecimal(numberOf(line, "NetAmount")) < ZERO ? "discount" : "freight";
  return { chargeId, kind, description, amount: line.NetAmount };
}

/** Ours are per 1, 100 or 1000 units; a price per 10 is ten times that per 100. */
function pricing(line: Fields): Pick<NativeRow, "price" | "priceUnit"> {
  const unit = Number(numberOf(line, "PriceUnit"));
  const fitting = ([1, 100, 1000] as const).find((ours) => ours % unit === 0);
  if (fitting === undefined) throw unmapped(`A price per ${unit} units`);
  if (fitting === unit) return { price: line.NetPrice, priceUnit: `${fitting}` };
  const price = parseDecimal(numberOf(line, "NetPrice")) * BigInt(fitting / unit) * SCALE;
  return { price: formatDecimal(divideRounded(price, SCALE, 6)), priceUnit: `${fitting}` };
}

export function unitOf(line: Fields, { units }: LedgerlineSettings): string {
  const unit = textOf(line, "Unit");
  if (Object.hasOwn(units, unit)) return units[unit]!;
  if (isUnit(unit)) return unit;
  throw unmapped(`The unit ${unit}`);
}

function unmapped(what: string): CrossdockError {
  return new CrossdockError("native.unmapped", `${what} has no counterpart of ours.`);
}

export function mapCancellation(body: Fields, context: MapContext): Mapping {
  const { settings } = context;
  const order = fieldsOf(body.SalesOrder, "SalesOrder");
  const identity = identityOf(order);
  const ignored = ignoredReason(order, identity, context);
  if (ignored !== undefined) return { ignored };
  const lines = identity.isOurs ? undefined : keyedRows(order, identity, settings).lines;
  const taken = lines === undefined ? undefined : new Set(lines.map(({ lineId }) => lineId));
  const cancelled = listOf(order, "Lines").flatMap((line, index) => {
    const { key, isFreight, sku } = identity.lines[index]!;
    const quantity = numberOf(line, "CancelledQuantity");
    if (isFreight || quantity === "0" || taken?.has(key) === false || !isIdentifier(key)) return [];
    return [{ lineId: key, sku, quantity, unit: unitOf(line, settings) }];
  });
  if (cancelled.length === 0) return { ignored: "No goods of it were cancelled." };
  const event: MappedEvent = {
    type: "order.cancellation.requested",
    data: {
      orderId: identity.orderId,
      lines: cancelled,
      cumulative: true,
      reason: `cancelled in ${identity.document}`,
      requestedAt: nativeTime(order, "LastChangeDateTime"),
    },
  };
  return { events: [event] };
}
