// An Online Retail file as the demo's input: orders, cancellations, stock adjustments and exceptions, each
// row in exactly one of them (`tally` recounts it from what came out). What each row becomes: rules.ts.
import { type Decimal, formatDecimal, formatScaled, multiplyExact, ZERO } from "../../src/core/decimal.ts";
import type { Time } from "../../src/core/time.ts";
import { adjustmentReason } from "./adjustment-reason.ts";
import { type ReadRow, readCells } from "./cells.ts";
import { assignChannel, type Channel } from "./channel.ts";
import { retailCountry } from "./country.ts";
import { type CreditedPart, SalesLedger } from "./credit.ts";
import { takeOrders } from "./limit.ts";
import { readRetailRows } from "./read.ts";
import {
  canStand,
  type DocumentFacts,
  documentFacts,
  type ExceptionCategory,
  isFreight,
  isSubmitted,
  type Rule,
  ruleFor,
} from "./rules.ts";

export interface RetailLine {
  /** The row's number: unique in the file, so that a SKU may come twice in an order. */
  lineId: string;
  row: number;
  sku: string;
  description: string;
  quantity: string;
  /** GBP a unit. */
  price: string;
}

export interface RetailFreight {
  lineId: string;
  row: number;
  code: string;
  description: string;
  /** GBP, quantity × price, not rounded. */
  amount: string;
}

export interface RetailException {
  category: ExceptionCategory;
  /** The invoice number that the rows stand under. */
  number: string;
  rows: number[];
  reason: string;
}

export interface RetailOrder {
  number: string;
  /** Its first row. */
  row: number;
  placedAt: Time;
  /** Absent: the order is to be held, and `heldRows` are all its rows. */
  customer?: { id: string };
  /** ISO 3166-1 alpha-2. */
  country?: string;
  channel: Channel;
  /** At least one. */
  lines: RetailLine[];
  freight: RetailFreight[];
  badRows: RetailException[];
  heldRows: number[];
}

export interface RetailCancellation {
  number: string;
  row: number;
  requestedAt: Time;
  customer: { id: string };
  sku: string;
  description: string;
  quantity: string;
  parts: CreditedPart[];
  /** What no sale covers. */
  unmatched?: RetailException & { quantity: string };
}

export interface RetailAdjustment {
  number: string;
  row: number;
  occurredAt: Time;
  sku: string;
  /** Below zero. */
  quantity: string;
  /** A code of REASON_RULES, or `other`. */
  reason: string;
  note: string;
}

export interface RetailTally {
  /** Rows read. */
  rows: number;
  sales: number;
  freight: number;
  held: number;
  adjustments: number;
  cancellations: number;
  exceptions: number;
  /** Whether the six add up to `rows`. */
  balanced: boolean;
}

export interface RetailInput {
  orders: RetailOrder[];
  cancellations: RetailCancellation[];
  adjustments: RetailAdjustment[];
  /** Bad rows that belong to no submitted order. */
  strays: RetailException[];
  tally: RetailTally;
  /** The last row that was read: a limited input ends here. */
  lastRow: number;
}

/** `ordersMax` ends the input before the order that would be one too many. */
export async function loadRetail(file: string, options: { ordersMax?: number } = {}): Promise<RetailInput> {
  const cells = readCells(readRetailRows(file), file);
  return prepareRetail(options.ordersMax === undefined ? cells : takeOrders(cells, options.ordersMax));
}

export async function prepareRetail(
  source: AsyncIterable<ReadRow> | Iterable<ReadRow>,
): Promise<RetailInput> {
  const rows: ReadRow[] = [];
  const documents = new Map<string, ReadRow[]>();
  for await (const row of source) {
    rows.push(row);
    const document = documents.get(row.number);
    if (document === undefined) documents.set(row.number, [row]);
    else document.push(row);
  }
  const sorter = new Sorter(documents);
  for (const row of rows) sorter.sort(row);
  return sorter.finish(rows);
}

/** Every exception that the input must end in, held orders included. */
export function expectedExceptions(input: RetailInput): RetailException[] {
  const held = input.orders
    .filter((order) => order.customer === undefined)
    .map((order) => heldException(order.number, order.heldRows));
  const badRows = input.orders.flatMap((order) => order.badRows);
  const unmatched = input.cancellations.flatMap((cancellation) => cancellation.unmatched ?? []);
  return [...held, ...badRows, ...input.strays, ...unmatched];
}

function heldException(number: string, rows: number[]): RetailException {
  return { category: "customer", number, rows, reason: `Order ${number} names no customer.` };
}

class Sorter {
  readonly #facts = new Map<string, DocumentFacts>();
  readonly #orders = new Map<string, RetailOrder>();
  readonly #documents: ReadonlyMap<string, ReadRow[]>;
  readonly #ledger = new SalesLedger();
  readonly #cancellations: RetailCancellation[] = [];
  readonly #adjustments: RetailAdjustment[] = [];
  readonly #strays = new Map<string, RetailException>();

  constructor(documents: ReadonlyMap<string, ReadRow[]>) {
    this.#documents = documents;
    for (const [number, rows] of documents) this.#facts.set(number, documentFacts(rows));
  }

  sort(row: ReadRow): void {
    const facts = this.#facts.get(row.number)!;
    const rule = ruleFor(row, facts);
    if (rule.name === "adjustment") this.#adjustments.push(toAdjustment(row));
    else if (rule.name === "cancellation") this.#cancel(row);
    else if (rule.name === "held") this.#hold(row, facts);
    else if (rule.name === "freight") this.#order(row, facts)!.freight.push(toFreight(row));
    else if (rule.name === "sale") this.#sell(row, facts);
    else this.#reject(row, facts, rule);
  }

  finish(rows: ReadRow[]): RetailInput {
    const parts = {
      orders: [...this.#orders.values()],
      cancellations: this.#cancellations,
      adjustments: this.#adjustments,
      strays: [...this.#strays.values()],
    };
    return { ...parts, tally: tally(parts, rows.length), lastRow: rows.at(-1)?.row ?? 1 };
  }

  /** The row's order, where its document becomes one. */
  #order(row: ReadRow, facts: DocumentFacts): RetailOrder | undefined {
    const known = this.#orders.get(row.number);
    if (known !== undefined) return known;
    const rows = this.#documents.get(row.number)!;
    if (!isSubmitted(rows, facts)) return undefined;
    const order = emptyOrder(rows[0]!, facts.customer);
    this.#orders.set(row.number, order);
    return order;
  }

  #sell(row: ReadRow, facts: DocumentFacts): void {
    const line = toLine(row);
    this.#order(row, facts)!.lines.push(line);
    this.#ledger.sell(facts.customer!, row.number, line, row.quantity!);
  }

  #hold(row: ReadRow, facts: DocumentFacts): void {
    const order = this.#order(row, facts);
    if (order === undefined) {
      const stray = this.#strays.get(row.number) ?? heldException(row.number, []);
      stray.rows.push(row.row);
      this.#strays.set(row.number, stray);
      return;
    }
    order.heldRows.push(row.row);
    if (!canStand(row)) return;
    // An order needs a line, so one of nothing but freight has its freight as lines.
    const goods = this.#documents.get(row.number)!.some((other) => canStand(other) && !isFreight(other));
    if (goods && isFreight(row)) order.freight.push(toFreight(row));
    else order.lines.push(toLine(row));
  }

  #cancel(row: ReadRow): void {
    const quantity = -row.quantity!;
    const { parts, left } = this.#ledger.takeBack(row.customer!, row.code, quantity);
    const cancellation: RetailCancellation = {
      number: row.number,
      row: row.row,
      requestedAt: row.at,
      customer: { id: row.customer! },
      sku: row.code,
      description: row.description,
      quantity: formatDecimal(quantity),
      parts,
    };
    if (left > ZERO) cancellation.unmatched = toUnmatched(row, left, quantity);
    this.#cancellations.push(cancellation);
  }

  #reject(row: ReadRow, facts: DocumentFacts, rule: Rule): void {
    const exception: RetailException = {
      category: rule.category!(row),
      number: row.number,
      rows: [row.row],
      reason: reasonOf(row, rule),
    };
    const order = this.#order(row, facts);
    if (order === undefined) this.#strays.set(`${row.number}\n${row.row}`, exception);
    else order.badRows.push(exception);
  }
}

function emptyOrder(first: ReadRow, customer: string | undefined): RetailOrder {
  const country = retailCountry(first.country);
  return {
    number: first.number,
    row: first.row,
    placedAt: first.at,
    ...(customer === undefined ? {} : { customer: { id: customer } }),
    ...(country === undefined ? {} : { country }),
    channel: assignChannel(first.number, customer !== undefined),
    lines: [],
    freight: [],
    badRows: [],
    heldRows: [],
  };
}

function toLine(row: ReadRow): RetailLine {
  return {
    lineId: String(row.row),
    row: row.row,
    sku: row.code,
    description: row.description,
    quantity: formatDecimal(row.quantity!),
    price: formatDecimal(row.price!),
  };
}

function toFreight(row: ReadRow): RetailFreight {
  return {
    lineId: String(row.row),
    row: row.row,
    code: row.code,
    description: row.description,
    amount: formatScaled(multiplyExact(row.quantity!, row.price!), 12),
  };
}

function toAdjustment(row: ReadRow): RetailAdjustment {
  return {
    number: row.number,
    row: row.row,
    occurredAt: row.at,
    sku: row.code,
    quantity: formatDecimal(row.quantity!),
    reason: adjustmentReason(row.description),
    note: row.description,
  };
}

function toUnmatched(row: ReadRow, left: Decimal, of: Decimal): RetailException & { quantity: string } {
  const units = formatDecimal(left);
  return {
    category: "cancellation",
    number: row.number,
    rows: [row.row],
    quantity: units,
    reason: `${units} of ${formatDecimal(of)} ${row.code} were never sold to customer ${row.customer} before, or were taken back already.`,
  };
}

function reasonOf(row: ReadRow, rule: Rule): string {
  const what = row.code === "" ? "The row" : row.code;
  switch (rule.name) {
    case "bad-debt":
      return `${what} adjusts a bad debt; it is no order.`;
    case "customer":
      return row.customer === undefined ? `${what} names no customer.` : `${what} names another customer.`;
    case "quantity":
      return `${what} has no quantity to work with.`;
    case "price":
      return `${what} has no price above zero.`;
    case "freight-alone":
      return `${what} is freight in an order that sells no goods.`;
    default:
      return isFreight(row) ? `${what} refunds freight.` : `${what} is no product's code.`;
  }
}

function tally(input: Omit<RetailInput, "tally" | "lastRow">, rows: number): RetailTally {
  const withCustomer = input.orders.filter((order) => order.customer !== undefined);
  const count = (counts: number[]) => counts.reduce((sum, each) => sum + each, 0);
  const classes = {
    sales: count(withCustomer.map((order) => order.lines.length)),
    freight: count(withCustomer.map((order) => order.freight.length)),
    held: count(input.orders.map((order) => order.heldRows.length)),
    adjustments: input.adjustments.length,
    cancellations: input.cancellations.length,
    exceptions: count(
      [...input.orders.flatMap((order) => order.badRows), ...input.strays].map((each) => each.rows.length),
    ),
  };
  return { rows, ...classes, balanced: rows === count(Object.values(classes)) };
}
