// The rows of an order as people wrote them: goods become lines, freight becomes charges, and a row that cannot stand
// is named with its first fault (code, quantity, price), so that the good ones go on. Nothing is dropped.
import {
  CrossdockError,
  type MappedEvent,
  type Mapping,
  numberText,
  type Time,
} from "../../src/connector/index.ts";
import {
  type Decimal,
  formatDecimal,
  formatScaled,
  multiplyExact,
  ONE,
  parseDecimal,
  ZERO,
} from "../../src/core/decimal.ts";
import type { OrderEventData, OrderSubmitted } from "../../src/domains/order/contract.ts";
import { isIdentifier, shown } from "./native-fields.ts";

export interface NativeRow {
  /** The channel's own number of the row. */
  lineId: string;
  code: string;
  description: string;
  /** A number or a text as the product writes it. */
  quantity: unknown;
  price: unknown;
  unit?: string;
  /** Units that the price is for; 1 where absent. */
  priceUnit?: "1" | "100" | "1000";
}

/** Freight that the product keeps apart from its rows. */
export interface NativeCharge {
  chargeId: string;
  kind: "freight" | "fee" | "discount";
  description: string;
  amount: unknown;
}

export type Line = OrderSubmitted["lines"][number];
export type Charge = NonNullable<OrderSubmitted["charges"]>[number];

/** A row that cannot stand. */
export interface BadRow {
  row: string;
  category: OrderEventData<"order.row.rejected">["category"];
  reason: string;
}

export interface OrderRows {
  lines: Line[];
  charges: Charge[];
  badRows: BadRow[];
}

/** Five digits and up to two letters. */
const PRODUCT = /^[0-9]{5}[A-Za-z]{0,2}$/;
const FREIGHT: ReadonlySet<string> = new Set(["POST", "DOT", "C2"]);
const CARRIAGE = /\bcarriage$/i;

type Fault = Omit<BadRow, "row">;

export interface RowsOptions {
  /**
   * Without one the order is held as it stands; what is wrong in it beside that is for whoever says whose it is.
   */
  hasCustomer: boolean;
  /** Whether freight is written among the goods; else the product keeps it apart. */
  freightInRows: boolean;
}

export function readRows(
  rows: readonly NativeRow[],
  charges: readonly NativeCharge[],
  options: RowsOptions,
): OrderRows {
  const judged = rows.map((row) => {
    const freight = options.freightInRows && isFreight(row);
    return { row, freight, fault: faultOf(row, freight, options.hasCustomer) };
  });
  const lines = judged
    .filter(({ freight, fault }) => !freight && fault === undefined)
    .map(({ row }) => toLine(row));
  const read: OrderRows = { lines, charges: [], badRows: [] };
  const travels = lines.length > 0;
  for (const { row, freight, fault } of judged) {
    if (fault !== undefined) read.badRows.push({ row: row.lineId, ...fault });
    else if (!freight) continue;
    else if (travels) read.charges.push(toCharge(row));
    else if (options.hasCustomer) {
      read.badRows.push({ row: row.lineId, ...nothingToTravelWith(row.code) });
      // An order needs a line: one of nothing but freight that is held has its freight as lines.
    } else read.lines.push(toLine(row));
  }
  for (const charge of charges) addCharge(read, charge, { travels, hasCustomer: options.hasCustomer });
  return read;
}

/** Its first fault, with the precedence code, quantity, price. */
function faultOf(row: NativeRow, freight: boolean, hasCustomer: boolean): Fault | undefined {
  const code = named(row.code);
  if (hasCustomer ? !freight && !PRODUCT.test(row.code) : !isIdentifier(row.code)) {
    return { category: "code", reason: `${code} is no product's code.` };
  }
  const quantity = decimalOf(row.quantity);
  if (quantity === undefined || quantity <= ZERO || quantity % ONE !== ZERO) {
    return { category: "quantity", reason: `${code} has no quantity to work with.` };
  }
  const price = decimalOf(row.price);
  if (price === undefined || price < ZERO || (hasCustomer && price === ZERO)) {
    return { category: "price", reason: `${code} has no price above zero.` };
  }
  return undefined;
}

const named = (code: string): string => (code === "" ? "The row" : shown(code).slice(0, 60));

const nothingToTravelWith = (code: string): Fault => ({
  category: "code",
  reason: `${named(code)} is freight in an order that sells no goods.`,
});

/** By its code, or by a description that ends so: `Next Day Carriage` has a product's code. */
function isFreight({ code, description }: NativeRow): boolean {
  return FREIGHT.has(code) || CARRIAGE.test(description.trim());
}

function toLine(row: NativeRow): Line {
  return {
    lineId: row.lineId,
    sku: row.code,
    ...described(row.description),
    quantity: formatDecimal(decimalOf(row.quantity)!),
    ...(row.unit === undefined ? undefined : { unit: row.unit }),
    price: formatDecimal(decimalOf(row.price)!),
    ...(row.priceUnit === undefined ? undefined : { priceUnit: row.priceUnit }),
  };
}

/** quantity × price ÷ price unit, not rounded: the quantity is whole, so six digits hold it unless priced by more. */
function toCharge(row: NativeRow): Charge {
  const product = multiplyExact(decimalOf(row.quantity)!, decimalOf(row.price)!);
  const digits = { "1": 12, "100": 14, "1000": 15 }[row.priceUnit ?? "1"];
  return {
    chargeId: row.lineId,
    kind: "freight",
    ...described(row.description),
    amount: formatScaled(product, digits),
  };
}

/** As with rows: without a customer the order is held, and nothing of it is free of charge by mistake yet. */
function addCharge(
  read: OrderRows,
  charge: NativeCharge,
  { travels, hasCustomer }: { travels: boolean; hasCustomer: boolean },
): void {
  const amount = decimalOf(charge.amount);
  const { chargeId, kind, description } = charge;
  if (amount === undefined || (hasCustomer && amount === ZERO)) {
    read.badRows.push({
      row: chargeId,
      category: "price",
      reason: `${named(description || kind)} has no amount.`,
    });
  } else if (travels) {
    read.charges.push({ chargeId, kind, ...described(description), amount: formatDecimal(amount) });
  } else {
    read.badRows.push({ row: chargeId, ...nothingToTravelWith(description || kind) });
  }
}

function described(description: string): { description?: string } {
  return description === "" ? {} : { description: shown(description) };
}

/** Absent where it is no decimal that we can work with. */
function decimalOf(value: unknown): Decimal | undefined {
  try {
    return parseDecimal(numberText(value));
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

/** The order with its good rows, if it has any, and each bad row by itself. */
export function submission(
  order: Omit<OrderSubmitted, "lines" | "charges">,
  { lines, charges, badRows }: OrderRows,
  time: Time,
): Mapping {
  const { orderId } = order;
  const data = { ...order, lines, ...(charges.length === 0 ? undefined : { charges }) };
  const submitted = lines.length === 0 ? [] : [{ type: "order.submitted", data }];
  const rejected = badRows.map(({ row, category, reason }) => {
    const said: OrderEventData<"order.row.rejected"> = { orderId, rows: [row], category, reason };
    return { type: "order.row.rejected", data: said, time };
  });
  const events: MappedEvent[] = [...submitted, ...rejected];
  return events.length === 0 ? { failed: "It has no rows." } : { events };
}
