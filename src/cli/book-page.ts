// The page of the books: each equation with its figures and whether it holds, in Markdown that prints as it is.
import type { Books, IntakeBook, ReservationBook, UnitsBook } from "../engine/operations/books.ts";
import type { CensusBook } from "../engine/operations/census.ts";
import { VERSION } from "../package-root.ts";
import type { Witness } from "../store/census.ts";
import type { DeliveryBook } from "../store/delivery-tally.ts";
import { count, grouped, instant } from "./figures.ts";
import { type MarkdownColumn, markdownTable } from "./markdown.ts";

export interface BookPage {
  books: Books;
  census: readonly CensusBook[];
  company: string;
  /** The day that they are of; undefined: everything so far. */
  day: string | undefined;
  balanced: boolean;
}

export function bookPage(page: BookPage): string {
  const { books, census, company, day, balanced } = page;
  return [
    `# Books of ${company}`,
    "",
    `${day === undefined ? "Everything so far" : `Received on ${day}`}, as of ${instant(books.at)} UTC. Drawn up by Crossdock ${VERSION}.`,
    "",
    balanced ? "**The books balance.**" : `**The books do not balance: ${differences(page).join("; ")}.**`,
    ...section(
      "Received",
      "received = recorded + duplicate + conflict + rejected, per system, in events",
      received(books.intake),
    ),
    ...section(
      "Witnessed",
      "until when each system's own list was the same as ours; a system that is not here is unwitnessed",
      witnessed(books.witnesses),
    ),
    ...section(
      "Sent",
      "routed = delivered + merged + skipped + parked + waiting, per system and flow, in messages",
      sent(books.deliveries),
    ),
    ...section(
      "Orders",
      "accepted + over-shipped = invoiced + cancelled + open, in units",
      units(books.units),
    ),
    ...section(
      "Promises",
      "what SKUs hold as committed = the sum of live reservations, in units",
      promises(books.reservations),
    ),
    ...section("Invoices", "as the ledger posted them", invoices(books)),
    ...section(
      "Systems' own lists",
      "what each system that can be read holds, beside what Crossdock knows of it",
      systems(census),
    ),
    ...section("Open exceptions", "by category", exceptions(books.exceptions)),
    "",
    "Drawn up by ____________________   Checked by ____________________   Date ____________",
  ].join("\n");
}

function section(title: string, equation: string, body: string): string[] {
  return body === "" ? [] : ["", `## ${title}`, "", `${equation}.`, "", body];
}

function differences({ books, census }: BookPage): string[] {
  const found: string[] = [];
  for (const book of books.intake) if (!book.balanced) found.push(`what ${book.system} sent`);
  for (const book of books.deliveries)
    if (!book.balanced) found.push(`what ${book.flow} took to ${book.target}`);
  for (const book of books.units) if (!book.balanced) found.push(`units of ${book.company}`);
  for (const book of books.reservations) if (!book.balanced) found.push(`promises of ${book.company}`);
  for (const book of census) if (!book.balanced) found.push(`${book.system}'s own list of ${book.domain}`);
  return found;
}

const holds = (row: { balanced: boolean }): string => (row.balanced ? "yes" : "NO");
const figure = <Row>(title: string, value: (row: Row) => number | string): MarkdownColumn<Row> => ({
  title,
  right: true,
  value: (row) => shown(value(row)),
});
const shown = (value: number | string): string => (typeof value === "number" ? count(value) : grouped(value));

function received(rows: readonly IntakeBook[]): string {
  if (rows.length === 0) return "";
  return markdownTable<IntakeBook>(
    [
      { title: "System", value: (row) => row.system },
      figure("Received", (row) => row.received),
      figure("Recorded", (row) => row.recorded),
      figure("Duplicate", (row) => row.duplicate),
      figure("Conflict", (row) => row.conflict),
      figure("Rejected", (row) => row.rejected),
      figure("Native mapped", (row) => row.nativeMapped),
      figure("Ignored", (row) => row.nativeIgnored),
      figure("Failed", (row) => row.nativeFailed),
      { title: "Balances", value: holds },
    ],
    rows,
  );
}

function witnessed(rows: readonly Witness[]): string {
  if (rows.length === 0) return "";
  return markdownTable<Witness>(
    [
      { title: "System", value: (row) => row.system },
      { title: "List", value: (row) => row.domain },
      { title: "Since", value: (row) => instant(row.since) },
      {
        title: "Witnessed until",
        value: (row) => (row.witnessedUntil === null ? "not yet" : instant(row.witnessedUntil)),
      },
      figure("Never came", (row) => row.missing.length),
      figure("Gone there", (row) => row.surplus.length),
      { title: "Last asked", value: (row) => row.failure ?? instant(row.lookedAt) },
    ],
    rows,
  );
}

function sent(rows: readonly DeliveryBook[]): string {
  if (rows.length === 0) return "";
  return markdownTable<DeliveryBook>(
    [
      { title: "System", value: (row) => row.target },
      { title: "Flow", value: (row) => row.flow },
      figure("Routed", (row) => row.routed),
      figure("Delivered", (row) => row.delivered),
      figure("Merged", (row) => row.merged),
      figure("Skipped", (row) => row.skipped),
      figure("Parked", (row) => row.parked),
      figure("Waiting", (row) => row.waiting),
      { title: "Balances", value: holds },
    ],
    rows,
  );
}

function units(rows: readonly UnitsBook[]): string {
  if (rows.length === 0) return "";
  return markdownTable<UnitsBook>(
    [
      { title: "Company", value: (row) => row.company },
      figure("Accepted", (row) => row.accepted),
      figure("Over-shipped", (row) => row.overShipped),
      figure("Invoiced", (row) => row.invoiced),
      figure("Cancelled", (row) => row.cancelled),
      figure("Open", (row) => row.open),
      { title: "Balances", value: holds },
    ],
    rows,
  );
}

function promises(rows: readonly ReservationBook[]): string {
  if (rows.length === 0) return "";
  return markdownTable<ReservationBook>(
    [
      { title: "Company", value: (row) => row.company },
      figure("Committed", (row) => row.committed),
      figure("Reserved", (row) => row.reserved),
      figure("SKUs that differ", (row) => row.skusThatDiffer),
      { title: "Balances", value: holds },
    ],
    rows,
  );
}

function invoices({ invoices: rows }: Books): string {
  if (rows.length === 0) return "";
  return markdownTable<Books["invoices"][number]>(
    [
      { title: "Currency", value: (row) => row.currency },
      figure("Invoices", (row) => row.invoices),
      figure("Credits", (row) => row.credits),
      figure("Total", (row) => row.total),
    ],
    rows,
  );
}

function systems(rows: readonly CensusBook[]): string {
  if (rows.length === 0) return "";
  const table = markdownTable<CensusBook>(
    [
      { title: "System", value: (row) => row.system },
      { title: "List", value: (row) => row.domain },
      figure("Held", (row) => row.held),
      figure("Known", (row) => row.known),
      figure("Missing there", (row) => row.missingCount),
      figure("Unknown here", (row) => row.surplusCount),
      {
        title: "Agrees",
        value: (row) => (row.unreadable === undefined ? holds(row) : `cannot be read: ${row.unreadable}`),
      },
    ],
    rows,
  );
  const named = rows.flatMap(({ system, domain, missing, surplus }) => [
    ...(missing.length > 0 ? [`- missing in ${system} (${domain}): ${missing.join(", ")}`] : []),
    ...(surplus.length > 0
      ? [`- unknown to Crossdock, listed by ${system} (${domain}): ${surplus.join(", ")}`]
      : []),
  ]);
  return named.length === 0 ? table : `${table}\n\n${named.join("\n")}`;
}

function exceptions(byCategory: Record<string, number>): string {
  const rows = Object.entries(byCategory);
  if (rows.length === 0) return "";
  return markdownTable<[string, number]>(
    [{ title: "Category", value: ([name]) => name }, figure("Open", ([, value]) => value)],
    rows,
  );
}
