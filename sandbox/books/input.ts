// What the input file says should be there at the end: which orders, which of them accepted or held, what was
// taken back of which sale, which stock was corrected, and which rows are exceptions. Every row is in one class.
import { type Channel, channelOf } from "./channel.ts";
import { ONE, readExact } from "./exact.ts";
import type { FileRow } from "./file-rows.ts";

type RowClass = "sale" | "freight" | "held" | "adjustment" | "cancellation" | "exception";
export type Category = "customer" | "code" | "quantity" | "price" | "cancellation";

export interface InputLine {
  row: number;
  sku: string;
  /** Millionths, as all figures here. */
  quantity: bigint;
  price: bigint;
}

export interface InputOrder {
  number: string;
  channel: Channel;
  /** Absent: to be held. */
  customer: string | undefined;
  lines: InputLine[];
  freight: { row: number; quantity: bigint; price: bigint }[];
}

interface InputException {
  category: Category;
  number: string;
  rows: number[];
}

export interface Expected {
  orders: Map<string, InputOrder>;
  /** What cancellations take back, by order, SKU and the price of the sale. */
  takenBack: { order: string; sku: string; quantity: bigint; price: bigint }[];
  adjustments: { row: number; sku: string; quantity: bigint }[];
  exceptions: InputException[];
  rows: number;
  classes: Record<RowClass, number>;
}

interface Row {
  row: number;
  number: string;
  kind: "order" | "cancellation" | "bad-debt";
  code: string;
  isFreight: boolean;
  isProduct: boolean;
  quantity: bigint | undefined;
  price: bigint | undefined;
  customer: string | undefined;
}

interface Document {
  rows: Row[];
  customer: string | undefined;
  sells: boolean;
}

interface Verdict {
  is: RowClass;
  category?: Category;
}

export interface InputLimits {
  /** The input ends before the order that would be one too many. */
  ordersMax?: number;
  /** The last row that was played. */
  lastRow?: number;
}

export function expectFrom(file: readonly FileRow[], limits: InputLimits = {}): Expected {
  const rows = limit(file.map(toRow), limits);
  const documents = new Map<string, Document>();
  for (const [number, own] of Map.groupBy(rows, (row) => row.number)) documents.set(number, toDocument(own));
  return new Reading(documents).read(rows);
}

/** Text that can be a key: neither empty nor beyond 128 characters, and without control characters. */
function isKey(text: string): boolean {
  if (text.length === 0 || text.length > 128) return false;
  for (const letter of text) if (letter < " ") return false;
  return true;
}

function toRow(cells: FileRow): Row {
  const code = cells.code.trim();
  const isFreight = ["POST", "DOT", "C2"].includes(code) || /\bcarriage$/i.test(cells.description.trim());
  // A customer's number comes as a float.
  const customer = cells.customer.trim().replace(/^(\d+)\.0+$/, "$1");
  return {
    row: cells.line,
    number: cells.number,
    kind: cells.number.startsWith("C") ? "cancellation" : cells.number.startsWith("A") ? "bad-debt" : "order",
    code,
    isFreight,
    isProduct: !isFreight && /^\d{5}[A-Za-z]{0,2}$/.test(code),
    quantity: readUnits(cells.quantity),
    price: readExact(cells.price),
    customer: isKey(customer) ? customer : undefined,
  };
}

function readUnits(text: string): bigint | undefined {
  const units = /^-?\d{1,12}(\.0{1,6})?$/.test(text) ? readExact(text) : undefined;
  return units !== undefined && units % ONE === 0n ? units : undefined;
}

function toDocument(rows: Row[]): Document {
  const customer = rows.find((row) => row.customer !== undefined)?.customer;
  const document = { rows, customer, sells: true };
  document.sells = rows.some((row) => judge(row, document).is === "sale");
  return document;
}

/** Precedence of faults: customer, code, quantity, price. */
function judge(row: Row, document: Document): Verdict {
  if (row.kind === "bad-debt") return { is: "exception", category: faultOf(row, row.customer) ?? "code" };
  if (row.kind === "order" && row.quantity !== undefined && row.quantity < 0n && isKey(row.code)) {
    return { is: "adjustment" };
  }
  if (row.kind === "order" && document.customer === undefined) return { is: "held" };
  const fault = faultOf(row, document.customer);
  if (fault !== undefined) return { is: "exception", category: fault };
  if (row.kind === "cancellation") return { is: "cancellation" };
  if (!row.isFreight) return { is: "sale" };
  // Freight has nothing to travel with where nothing is sold.
  return document.sells ? { is: "freight" } : { is: "exception", category: "code" };
}

function faultOf(row: Row, customer: string | undefined): Category | undefined {
  if (row.customer === undefined || row.customer !== customer) return "customer";
  if (!row.isProduct && !(row.kind === "order" && row.isFreight)) return "code";
  const { quantity } = row;
  if (quantity === undefined || (row.kind === "cancellation" ? quantity >= 0n : quantity <= 0n)) {
    return "quantity";
  }
  return row.price === undefined || row.price <= 0n ? "price" : undefined;
}

/** Whether a row of an order without a customer can be a line of the held order. */
function standsHeld(row: Row): boolean {
  const { quantity, price } = row;
  return quantity !== undefined && quantity > 0n && price !== undefined && price >= 0n && isKey(row.code);
}

function isOrder(document: Document): boolean {
  if (document.rows[0]!.kind !== "order") return false;
  if (document.customer !== undefined) return document.sells;
  return document.rows.some((row) => judge(row, document).is === "held" && standsHeld(row));
}

/** Rows of one number in a row are one document here; the rare number that comes back counts once. */
function limit(rows: Row[], { ordersMax, lastRow }: InputLimits): Row[] {
  const played = lastRow === undefined ? rows : rows.filter((row) => row.row <= lastRow);
  if (ordersMax === undefined) return played;
  const orders = new Set<string>();
  let from = 0;
  for (let at = 1; at <= played.length; at++) {
    if (at < played.length && played[at]!.number === played[from]!.number) continue;
    if (isOrder(toDocument(played.slice(from, at)))) orders.add(played[from]!.number);
    if (orders.size > ordersMax) return played.slice(0, from);
    from = at;
  }
  return played;
}

/** One walk through the rows in the file's order, since a cancellation takes back only what was sold before. */
class Reading {
  private readonly documents: ReadonlyMap<string, Document>;
  /** Customer and SKU, on a line each → what can still be taken back, the oldest sale first. */
  private readonly sales = new Map<string, { order: string; price: bigint; left: bigint }[]>();
  private readonly heldRows = new Map<string, InputException>();
  private readonly expected: Expected = {
    orders: new Map(),
    takenBack: [],
    adjustments: [],
    exceptions: [],
    rows: 0,
    classes: { sale: 0, freight: 0, held: 0, adjustment: 0, cancellation: 0, exception: 0 },
  };

  constructor(documents: ReadonlyMap<string, Document>) {
    this.documents = documents;
  }

  read(rows: readonly Row[]): Expected {
    for (const row of rows) {
      const document = this.documents.get(row.number)!;
      const verdict = judge(row, document);
      this.expected.rows++;
      this.expected.classes[verdict.is]++;
      if (!this.expected.orders.has(row.number)) this.begin(row, document);
      this.take(row, verdict, document);
    }
    return this.expected;
  }

  private begin(row: Row, document: Document): void {
    if (!isOrder(document)) return;
    const { number } = row;
    const { customer } = document;
    const channel = channelOf(number, customer !== undefined);
    this.expected.orders.set(number, { number, channel, customer, lines: [], freight: [] });
  }

  private take(row: Row, verdict: Verdict, document: Document): void {
    const { expected } = this;
    const order = expected.orders.get(row.number);
    if (verdict.is === "exception") {
      expected.exceptions.push({ category: verdict.category!, number: row.number, rows: [row.row] });
    } else if (verdict.is === "adjustment") {
      expected.adjustments.push({ row: row.row, sku: row.code, quantity: row.quantity! });
    } else if (verdict.is === "held") {
      this.hold(row, order, document);
    } else if (verdict.is === "cancellation") {
      this.takeBack(row);
    } else if (verdict.is === "freight") {
      order!.freight.push({ row: row.row, quantity: row.quantity!, price: row.price! });
    } else {
      order!.lines.push({ row: row.row, sku: row.code, quantity: row.quantity!, price: row.price! });
      const key = `${row.customer}\n${row.code}`;
      const sales = this.sales.get(key) ?? [];
      sales.push({ order: row.number, price: row.price!, left: row.quantity! });
      this.sales.set(key, sales);
    }
  }

  /** One exception lists all rows of the order. */
  private hold(row: Row, order: InputOrder | undefined, document: Document): void {
    let held = this.heldRows.get(row.number);
    if (held === undefined) {
      held = { category: "customer", number: row.number, rows: [] };
      this.heldRows.set(row.number, held);
      this.expected.exceptions.push(held);
    }
    held.rows.push(row.row);
    if (order === undefined || !standsHeld(row)) return;
    const goods = document.rows.some((other) => standsHeld(other) && !other.isFreight);
    const { quantity, price } = row as { quantity: bigint; price: bigint };
    if (row.isFreight && goods) order.freight.push({ row: row.row, quantity, price });
    else order.lines.push({ row: row.row, sku: row.code, quantity, price });
  }

  /** The newest sale first, over several, each unit once, at the sale's price. */
  private takeBack(row: Row): void {
    const sales = this.sales.get(`${row.customer}\n${row.code}`) ?? [];
    let wanted = -row.quantity!;
    for (let sale = sales.at(-1); wanted > 0n && sale !== undefined; sale = sales.at(-1)) {
      const quantity = wanted < sale.left ? wanted : sale.left;
      this.expected.takenBack.push({ order: sale.order, sku: row.code, quantity, price: sale.price });
      wanted -= quantity;
      sale.left -= quantity;
      if (sale.left === 0n) sales.pop();
    }
    if (wanted === 0n) return;
    this.expected.exceptions.push({ category: "cancellation", number: row.number, rows: [row.row] });
  }
}
