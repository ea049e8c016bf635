// A row's cells as figures. A quantity, price or customer that cannot be read is undefined, for a rule to
// take; without a readable invoice number or time a row belongs nowhere, and that throws with its place.
import { type Decimal, isDecimalText, parseDecimal } from "../../src/core/decimal.ts";
import { CrossdockError } from "../../src/core/errors.ts";
import { localToUtc, type Time } from "../../src/core/time.ts";
import type { RetailRow } from "./read.ts";

/** By the first letter of the invoice number: `C` and `A`, anything else is an order. */
type DocumentKind = "order" | "cancellation" | "bad-debt";

export interface ReadRow {
  row: number;
  number: string;
  kind: DocumentKind;
  code: string;
  description: string;
  /** Whole units, signed. */
  quantity: Decimal | undefined;
  /** GBP a unit. */
  price: Decimal | undefined;
  customer: string | undefined;
  country: string;
  at: Time;
}

const IDENTIFIER_CHARS_MAX = 128;
const DESCRIPTION_CHARS_MAX = 1000;
const ZONE = "Europe/London";

/** `file` is for the place in errors. */
export async function* readCells(
  rows: AsyncIterable<RetailRow> | Iterable<RetailRow>,
  file: string,
): AsyncGenerator<ReadRow, void, undefined> {
  let invoiceDate = "";
  let at: Time = "";
  for await (const row of rows) {
    if (row.invoiceDate !== invoiceDate) {
      at = readTime(row, file);
      invoiceDate = row.invoiceDate;
    }
    if (!isIdentifier(row.invoiceNo)) {
      throw new CrossdockError("retail.row", `${file}:${row.row} InvoiceNo is empty or no number.`);
    }
    yield {
      row: row.row,
      number: row.invoiceNo,
      kind: documentKind(row.invoiceNo),
      code: row.stockCode.trim(),
      description: row.description.trim().slice(0, DESCRIPTION_CHARS_MAX),
      quantity: readQuantity(row.quantity),
      price: readPrice(row.unitPrice),
      customer: readCustomer(row.customerId),
      country: row.country,
      at,
    };
  }
}

function documentKind(number: string): DocumentKind {
  if (number.startsWith("C")) return "cancellation";
  return number.startsWith("A") ? "bad-debt" : "order";
}

/** Local time in London; in the repeated hour the earlier one. */
function readTime(row: RetailRow, file: string): Time {
  try {
    return localToUtc(row.invoiceDate, ZONE, "earlier");
  } catch (error) {
    throw new CrossdockError(
      "retail.time",
      `${file}:${row.row} InvoiceDate must be a time such as 2010-12-01 08:26:00.`,
      { cause: error },
    );
  }
}

export function isIdentifier(text: string): boolean {
  if (text === "" || text.length > IDENTIFIER_CHARS_MAX) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 32) return false;
  return true;
}

/** `17850.0` is customer 17850: the source writes the number as a float. */
function readCustomer(text: string): string | undefined {
  const id = text.trim().replace(/^([0-9]+)\.0+$/, "$1");
  return isIdentifier(id) ? id : undefined;
}

function readQuantity(text: string): Decimal | undefined {
  return /^-?[0-9]{1,12}(\.0{1,6})?$/.test(text) && isDecimalText(text) ? parseDecimal(text) : undefined;
}

function readPrice(text: string): Decimal | undefined {
  return isDecimalText(text) ? parseDecimal(text) : undefined;
}
