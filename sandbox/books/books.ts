// Draws up the books of the simulated distributor from its input file and each system's own API. Shares no code
// with Crossdock or with the demo. A system that cannot be read throws; figures that differ are what it reports.
import type { Buffer, Drawn } from "./drawn.ts";
import { equateExceptions } from "./equate-exceptions.ts";
import { equateMovements, equateReleases, equateStock } from "./equate-goods.ts";
import { CURRENCY, equateMoney } from "./equate-money.ts";
import { equateInput, equateOrders, isAccepted } from "./equate-orders.ts";
import { equatePromises, type Shortfall } from "./equate-promises.ts";
import { equateUnits } from "./equate-units.ts";
import { writeMoney } from "./exact.ts";
import type { Facts } from "./facts.ts";
import { gather } from "./figures.ts";
import { readRows } from "./file-rows.ts";
import { type Expected, expectFrom, type InputLimits } from "./input.ts";
import { type CrmKeys, readCrm, readPortal } from "./read-channels.ts";
import { type CrossdockAddress, readCrossdock } from "./read-crossdock.ts";
import { readEast } from "./read-east.ts";
import { readErp } from "./read-erp.ts";
import { readPartner } from "./read-partner.ts";
import { readWest } from "./read-west.ts";
import { equateStreams, type StreamBook, type TargetBook } from "./streams.ts";
import type { Equation } from "./tally.ts";
import { Trace } from "./trace.ts";

export type { Buffer } from "./drawn.ts";
export type { Equation } from "./tally.ts";

export interface BooksRequest extends InputLimits {
  inputFile: string;
  systems: {
    erp: string;
    crm: string;
    east: string;
    /** `folder` holds its `in/` and `out/`; without it the files that lie there are not counted. */
    west: { url: string; folder?: string };
    partner: string;
    portal: string;
  };
  keys: {
    erp: { apiKey: string };
    crm: CrmKeys;
    east: { token: string };
    partner: { apiKey: string };
    portal: { token: string };
  };
  crossdock: CrossdockAddress;
  /** What is kept from the portal. */
  buffers?: readonly Buffer[];
}

interface Amount {
  amount: string;
  currency: string;
}

export interface Books {
  drawnAt: string;
  inputFile: string;
  balanced: boolean;
  equations: Equation[];
  orders: {
    submitted: number;
    accepted: number;
    backordered: number;
    held: number;
    rejected: number;
    cancelled: number;
    /** Something of them has left a warehouse. */
    shipped: number;
    /** They have an invoice in the ERP. */
    invoiced: number;
  };
  invoiced: Amount;
  expected: Amount;
  /** `expected` before each line was rounded. */
  unrounded: string;
  credited: Amount;
  exceptions: Record<string, number>;
  /** Units. */
  oversold: number;
  shortfalls: Shortfall[];
  books: (StreamBook | TargetBook)[];
}

/** The systems should be at rest: what moves between two readings looks like a difference. */
export async function drawBooks(request: BooksRequest): Promise<Books> {
  const expected = expectFrom(await readRows(request.inputFile), request);
  const facts = await readFacts(request, expected);
  const drawnAt = new Date().toISOString();
  const trace = new Trace(expected, facts);
  const drawn: Drawn = {
    expected,
    facts,
    trace,
    figures: gather(expected, facts, trace),
    buffers: request.buffers ?? [],
    today: drawnAt.slice(0, 10),
  };
  const money = equateMoney(drawn);
  const promises = equatePromises(drawn);
  const exceptions = equateExceptions(drawn);
  const streams = equateStreams(drawn);
  const equations = [
    ...equateInput(drawn),
    ...equateOrders(drawn),
    ...equateReleases(drawn),
    ...equateMovements(drawn),
    ...equateStock(drawn),
    ...equateUnits(drawn),
    ...money.equations,
    ...promises.equations,
    ...exceptions.equations,
    ...streams.equations,
  ];
  const pounds = (pennies: bigint): Amount => ({ amount: writeMoney(pennies), currency: CURRENCY });
  return {
    drawnAt,
    inputFile: request.inputFile,
    balanced: equations.every((equation) => equation.balanced),
    equations,
    orders: countOrders(drawn),
    invoiced: pounds(money.invoicedPennies),
    expected: pounds(money.expectedPennies),
    unrounded: money.unrounded,
    credited: pounds(money.creditedPennies),
    exceptions: exceptions.counts,
    oversold: Number(promises.oversold),
    shortfalls: promises.shortfalls,
    books: streams.books,
  };
}

async function readFacts({ systems, keys, crossdock }: BooksRequest, expected: Expected): Promise<Facts> {
  const [erp, crm, portal, ...warehouses] = await Promise.all([
    readErp(systems.erp, keys.erp.apiKey),
    readCrm(systems.crm, keys.crm),
    readPortal(systems.portal, keys.portal.token),
    readEast(systems.east, keys.east.token),
    readWest(systems.west.url, systems.west.folder),
    readPartner(systems.partner, keys.partner.apiKey),
  ]);
  const skus = new Set(portal.sellable.keys());
  for (const { stock } of warehouses) for (const sku of stock.keys()) skus.add(sku);
  for (const { customer, lines } of expected.orders.values()) {
    if (customer !== undefined) for (const { sku } of lines) skus.add(sku);
  }
  return { erp, crm, portal, warehouses, crossdock: await readCrossdock(crossdock, skus) };
}

function countOrders({ facts, trace }: Drawn): Books["orders"] {
  const { orders } = facts.crossdock;
  const count = (status: string) => orders.filter((order) => order.status === status).length;
  const shipped = new Set<string>();
  for (const { outbound } of facts.warehouses) {
    for (const { reference, shipments } of outbound) {
      if (shipments.length > 0) shipped.add(trace.findReleased(reference) ?? reference);
    }
  }
  const invoiced = new Set(facts.erp.invoices.map(({ order }) => trace.find(order) ?? order));
  return {
    submitted: orders.length,
    accepted: orders.filter((order) => isAccepted(order.status)).length,
    backordered: orders.filter((order) => order.lines.some((line) => line.backordered > 0n)).length,
    held: count("held"),
    rejected: count("rejected"),
    cancelled: count("cancelled"),
    shipped: shipped.size,
    invoiced: invoiced.size,
  };
}
