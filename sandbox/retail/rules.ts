// The data's dirt, one rule each. Every row of a document is taken by the first rule of RULES that wants it,
// and the last one wants them all, so no row is lost or counted twice. Pure.
import { ZERO } from "../../src/core/decimal.ts";
import { isIdentifier, type ReadRow } from "./cells.ts";

/** What a row's rule may know of the other rows of its document. */
export interface DocumentFacts {
  kind: ReadRow["kind"];
  /** The first customer that one of its rows names. */
  customer: string | undefined;
  /** Whether one of its rows is a sale of goods. */
  sells: boolean;
}

export type ExceptionCategory = "customer" | "code" | "quantity" | "price" | "cancellation";

export interface Rule {
  name: RuleName;
  docs: string;
  takes(row: ReadRow, document: DocumentFacts): boolean;
  /** Where the row becomes an exception: its category. */
  category?(row: ReadRow): ExceptionCategory;
}

type RuleName =
  | "bad-debt"
  | "adjustment"
  | "held"
  | "customer"
  | "code"
  | "quantity"
  | "price"
  | "cancellation"
  | "freight-alone"
  | "freight"
  | "sale";

const PRODUCT = /^[0-9]{5}[A-Za-z]{0,2}$/;
const FREIGHT_CODES = new Set(["POST", "DOT", "C2"]);
const CARRIAGE = /\bcarriage$/i;

/** Five digits and up to two letters: 15056BL is a parasol like 15056N. */
export function isProductCode(code: string): boolean {
  return PRODUCT.test(code);
}

function isProduct(row: ReadRow): boolean {
  return isProductCode(row.code) && !isFreight(row);
}

/** By its code, or by a description that ends so: `Next Day Carriage` has a product's code. */
export function isFreight(row: ReadRow): boolean {
  return FREIGHT_CODES.has(row.code) || CARRIAGE.test(row.description.trim());
}

function isBadDebt(row: ReadRow): boolean {
  return row.kind === "bad-debt";
}

function isAdjustment(row: ReadRow): boolean {
  return row.kind === "order" && row.quantity !== undefined && row.quantity < ZERO && isIdentifier(row.code);
}

function isHeld(row: ReadRow, document: DocumentFacts): boolean {
  return row.kind === "order" && document.customer === undefined;
}

function lacksCustomer(row: ReadRow, document: DocumentFacts): boolean {
  return row.customer === undefined || row.customer !== document.customer;
}

function lacksProduct(row: ReadRow): boolean {
  return !isProduct(row) && !(row.kind === "order" && isFreight(row));
}

function lacksQuantity(row: ReadRow): boolean {
  if (row.quantity === undefined) return true;
  return row.kind === "cancellation" ? row.quantity >= ZERO : row.quantity <= ZERO;
}

function lacksPrice(row: ReadRow): boolean {
  return row.price === undefined || row.price <= ZERO;
}

function isCancellation(row: ReadRow): boolean {
  return row.kind === "cancellation";
}

function isFreightAlone(row: ReadRow, document: DocumentFacts): boolean {
  return isFreight(row) && !document.sells;
}

function badDebtCategory(row: ReadRow): ExceptionCategory {
  if (row.customer === undefined) return "customer";
  if (lacksProduct(row)) return "code";
  if (lacksQuantity(row)) return "quantity";
  return lacksPrice(row) ? "price" : "code";
}

/** In the order in which they are asked. */
export const RULES: readonly Rule[] = [
  {
    name: "bad-debt",
    docs: "A row of a bad-debt adjustment (`A…`) is one exception, of the category of its first fault.",
    takes: isBadDebt,
    category: badDebtCategory,
  },
  {
    name: "adjustment",
    docs: "A negative quantity outside cancellations is a stock adjustment, whatever its code; its description gives the reason.",
    takes: isAdjustment,
  },
  {
    name: "held",
    docs: "An order without a customer is submitted as it stands and held: one exception of category `customer` that lists its rows.",
    takes: isHeld,
  },
  {
    name: "customer",
    docs: "A cancellation without a customer, or a row whose customer is not its order's, is one exception of category `customer`.",
    takes: lacksCustomer,
    category: () => "customer",
  },
  {
    name: "code",
    docs: "A code that is neither a product's (five digits, up to two letters) nor freight on an order is one exception of category `code`: fees, discounts, samples, vouchers, refunds of freight. The order's good lines go on.",
    takes: lacksProduct,
    category: () => "code",
  },
  {
    name: "quantity",
    docs: "A quantity that is no whole number above zero (below zero on a cancellation) is one exception of category `quantity`.",
    takes: lacksQuantity,
    category: () => "quantity",
  },
  {
    name: "price",
    docs: "A price that is no amount above zero is one exception of category `price`: gifts and samples are for a person to let through.",
    takes: lacksPrice,
    category: () => "price",
  },
  {
    name: "cancellation",
    docs: "A cancelled quantity (`C…`) takes back sales of the same customer and SKU earlier in the file, the newest first, over several sales, each unit once, at the price of the sale. What is left is one exception of category `cancellation`.",
    takes: isCancellation,
  },
  {
    name: "freight-alone",
    docs: "Freight in an order that sells no goods has nothing to travel with: one exception of category `code`.",
    takes: isFreightAlone,
    category: () => "code",
  },
  {
    name: "freight",
    docs: "`POST`, `DOT`, `C2` and descriptions that end in CARRIAGE are freight lines of their order.",
    takes: isFreight,
  },
  {
    name: "sale",
    docs: "Every other row is a line of its order, under its row's number. A SKU may come twice in an order, and both lines stand.",
    takes: () => true,
  },
];

export function ruleFor(row: ReadRow, document: DocumentFacts): Rule {
  return RULES.find((rule) => rule.takes(row, document))!;
}

/** What one document's rows say together. */
export function documentFacts(rows: readonly ReadRow[]): DocumentFacts {
  const customer = rows.find((row) => row.customer !== undefined)?.customer;
  const kind = rows[0]!.kind;
  const sells = rows.some((row) => ruleFor(row, { kind, customer, sells: true }).name === "sale");
  return { kind, customer, sells };
}

/** Whether a row of an order without a customer can stand as a line of it. */
export function canStand(row: ReadRow): boolean {
  if (row.quantity === undefined || row.quantity <= ZERO || row.price === undefined || row.price < ZERO)
    return false;
  return isIdentifier(row.code);
}

/** Whether a document's rows become an order that is submitted, with a customer or without. */
export function isSubmitted(rows: readonly ReadRow[], document: DocumentFacts): boolean {
  if (document.kind !== "order") return false;
  if (document.customer !== undefined) return document.sells;
  return rows.some((row) => ruleFor(row, document).name === "held" && canStand(row));
}
