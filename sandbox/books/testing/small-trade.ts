// A small trade from end to end: its input as a file, and the steps by which the systems come to stand as the input
// says. Orders of all channels, a held one, bad rows, a backorder, a cancellation, a return, a receipt, a count.
import { waitFor } from "../../systems/simulation/testing.ts";
import { must } from "./must.ts";
import type { Deal, Mistakes, Trade } from "./trade.ts";

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

/** 540002 and 540003 come through the portal, 540004 too and is held; 540006 by the CRM; 540001 is keyed. */
const ROWS = [
  ["540002", "20001", '"CANDLE, ""PLAIN"""', 10, 0.335, "17850.0"],
  ["540002", "20002", "LANTERN", 4, 2.55, "17850.0"],
  ["540002", "POST", "POSTAGE", 2, 18, "17850.0"],
  ["540006", "20001", "CANDLE", 3, 0.335, "13047.0"],
  ["540006", "20003", "TEASPOONS", 5, 1.25, "13047.0"],
  ["540006", "M", "Manual", 1, 9.99, "13047.0"],
  ["540001", "20002", "LANTERN", 6, 2.55, "12583.0"],
  ["540004", "20001", "CANDLE", 2, 0.85, ""],
  ["540004", "DOT", "DOTCOM POSTAGE", 1, 5.11, ""],
  ["540003", "20003", "TEASPOONS", 8, 1.25, "13748.0"],
  ["540003", "20001", "CANDLE", 1, 0, "13748.0"],
  ["540005", "20002", "damages", -2, 0, ""],
  ["C540007", "20002", "LANTERN", -1, 2.55, "17850.0"],
  ["C540008", "20003", "TEASPOONS", -2, 1.25, "13748.0"],
  ["C540009", "20001", "CANDLE", -7, 0.335, "12583.0"],
] as const;

export const INPUT = `${[
  HEADER,
  ...ROWS.map(([number, code, text, quantity, price, customer]) =>
    [number, code, text, quantity, "2010-12-01 08:26:00", price, customer, "United Kingdom"].join(","),
  ),
].join("\n")}\n`;

const STOCK = {
  "20001": { EAST: 20, "3PL": 5 },
  "20002": { EAST: 10, WEST: 5 },
  "20003": { EAST: 2, WEST: 5, "3PL": 3 },
};

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

export interface Played {
  first: Deal;
  second: Deal;
  byCrm: Deal;
  keyed: Deal;
  held: Deal;
}

/** What the portal does not get. */
export const BUFFERS = [{ quantity: "1" }, { sku: "20002", percent: "50" }];

export async function play(trade: Trade, mistakes: Mistakes = {}): Promise<Played> {
  await trade.open(
    STOCK,
    ["17850", "13047", "12583", "13748"],
    [
      {
        SupplierNumber: "SUP-1",
        Lines: [{ ItemNumber: "20001", Plant: "P100", Quantity: 4, DueDate: tomorrow() }],
      },
      {
        SupplierNumber: "SUP-2",
        Lines: [{ ItemNumber: "20003", Plant: "P200", Quantity: 10, DueDate: tomorrow() }],
      },
    ],
  );
  trade.mistakes = mistakes;
  const candle = (quantity: number) => ({ sku: "20001", quantity, price: "0.335" });
  const lantern = (quantity: number) => ({ sku: "20002", quantity, price: "2.55" });
  const spoon = (quantity: number) => ({ sku: "20003", quantity, price: "1.25" });
  const first = await trade.buyInPortal(
    "540002",
    "17850",
    [candle(10), lantern(4)],
    [{ quantity: 2, price: "18" }],
  );
  const second = await trade.buyInPortal("540003", "13748", [spoon(8)]);
  const held = await trade.buyInPortal("540004", "", [{ ...candle(2), price: "0.85" }]);
  const byCrm = await trade.buyInCrm("540006", "13047", [candle(3), spoon(5)]);
  const keyed = await trade.keyInErp("540001", "12583", [lantern(6)]);
  held.answer.status = "held";
  for (const deal of [first, second, byCrm]) await trade.book(deal);

  await trade.ship(first, "EAST", { 0: 10, 1: 4 });
  await trade.ship(byCrm, "EAST", { 0: 3 });
  await trade.ship(byCrm, "WEST", { 1: 5 });
  await trade.ship(keyed, "EAST", { 0: 6 });
  await trade.ship(second, "EAST", { 0: 2 });
  await trade.ship(second, "3PL", { 0: 3 });
  await cancelBackorder(trade, second);
  await receive(trade);
  await count(trade);
  await readBack(trade);
  await takeBack(trade, first);
  await readBack(trade);
  await publish(trade);
  return { first, second, byCrm, keyed, held };
}

/** Two of the three units that wait are not wanted any more. */
async function cancelBackorder(trade: Trade, deal: Deal): Promise<void> {
  Object.assign(deal.answer.lines[0]!, { backordered: "1", cancelled: "2" });
  const Lines = [{ LineNumber: 10, CancelledQuantity: 2 }];
  await must(trade.erp("PATCH", `/odata/v4/SalesOrders(${deal.erp!.ID})`, { Lines }));
}

async function receive(trade: Trade): Promise<void> {
  const lines = [{ sku: "20001", quantity: 4 }];
  await must(trade.east("POST", "/control/receive", { reference: "PO-700001", lines }));
  await trade.post({
    type: "101",
    place: "EAST",
    sku: "20001",
    quantity: 4,
    reference: "EAST/GRN-1",
    more: { PurchaseOrder: "PO-700001" },
    line: { PurchaseOrderLine: 10 },
  });
}

async function count(trade: Trade): Promise<void> {
  await must(trade.west("POST", "/control/adjust", { sku: "20002", change: -2, reason: "damaged" }));
  const more = { ReasonCode: "damaged" };
  await trade.post({ type: "551", place: "WEST", sku: "20002", quantity: 2, reference: "WEST/ADJ-1", more });
}

/** One lantern of the first order comes back. */
async function takeBack(trade: Trade, deal: Deal): Promise<void> {
  const [release] = deal.answer.releases;
  const body = {
    rma: "RR-1",
    externalOrderNo: `${deal.answer.orderId}-EAST-${release!.number}`,
    lines: [{ sku: "20002", qty: 1 }],
  };
  await must(trade.east("POST", "/api/returns", body, { "x-request-id": "return-1" }));
  await must(trade.east("POST", "/control/receive-return", { reference: "RR-1" }));
  const filter = encodeURIComponent(`SalesOrder eq '${deal.erp!.OrderNumber}'`);
  const { value } = await must(trade.erp("GET", `/odata/v4/Invoices?$filter=${filter}`));
  const isLantern = (line: { ItemNumber: string }) => line.ItemNumber === "20002";
  const invoice = value.find((paper: { Lines: { ItemNumber: string }[] }) => paper.Lines.some(isLantern));
  const cited = invoice?.Lines.find(isLantern);
  deal.answer.lines[1]!.credited = "1";
  await trade.post({
    type: "651",
    place: "EAST",
    sku: "20002",
    quantity: 1,
    reference: "EAST/RTN-1",
    more: { SalesOrder: deal.erp!.OrderNumber },
    ...(cited === undefined
      ? {}
      : { line: { Invoice: invoice.InvoiceNumber, InvoiceLine: cited.LineNumber } }),
  });
}

/** Waits until the ERP has billed, and tells Crossdock's side of every invoice and credit memo. */
export async function readBack(trade: Trade): Promise<void> {
  await waitFor("the billing runs", async () => {
    const { counts } = await must(trade.erp("GET", "/control/health"));
    return counts.billingDue === 0 ? true : undefined;
  });
  const byNumber = new Map(
    trade.deals.flatMap((deal) => (deal.erp ? [[deal.erp.OrderNumber, deal]] : [])) as [string, Deal][],
  );
  for (const deal of trade.deals) {
    deal.answer.invoices = [];
    for (const line of deal.answer.lines) line.invoiced = "0";
  }
  for (const paper of (await must(trade.erp("GET", "/odata/v4/Invoices"))).value) {
    const answer = byNumber.get(paper.SalesOrder)?.answer;
    answer?.invoices.push({ invoice: paper.InvoiceNumber, kind: "invoice", total: String(paper.NetAmount) });
    for (const { LineType, SalesOrderLine, Quantity } of paper.Lines) {
      const line = answer?.lines[SalesOrderLine / 10 - 1];
      if (LineType === "ITEM" && line !== undefined) line.invoiced = String(Number(line.invoiced) + Quantity);
    }
  }
  for (const paper of (await must(trade.erp("GET", "/odata/v4/CreditMemos"))).value) {
    const answer = byNumber.get(paper.SalesOrder)?.answer;
    answer?.invoices.push({
      invoice: paper.CreditMemoNumber,
      kind: "credit",
      total: String(-paper.NetAmount),
    });
  }
}

/** What Crossdock knows at the end, figured by hand, and what the portal is told. */
async function publish(trade: Trade): Promise<void> {
  const { answers } = trade;
  const place = (location: string, onHand: string) => ({ location, onHand, reserved: "0" });
  answers.items = [
    { sku: "20001", available: "16", locations: [place("EAST", "11"), place("3PL", "5")] },
    { sku: "20002", available: "4", locations: [place("EAST", "1"), place("WEST", "3")] },
    { sku: "20003", available: "0", locations: [place("EAST", "0"), place("WEST", "0"), place("3PL", "0")] },
  ];
  const rows = [
    { articleNo: "20001", sellable: 15 },
    { articleNo: "20002", sellable: 2 },
    { articleNo: "20003", sellable: 0 },
  ];
  await must(trade.portal("POST", "/api/stock/bulk", { rows }));
  const badRow = (number: string, category: string) => ({
    code: "order.bad-row",
    category: "source-data",
    key: `order:main/${trade.deals.find((deal) => deal.number === number)!.answer.orderId}`,
    title: `A row of ${number} cannot be read.`,
    detail: { category },
  });
  answers.exceptions = [
    { ...badRow("540004", ""), code: "order.no-customer", detail: {} },
    badRow("540006", "code"),
    badRow("540003", "price"),
    {
      code: "return.unmatched",
      category: "source-data",
      key: "order:main/unknown",
      title: "A cancellation has no sale.",
      detail: { number: "C540009" },
    },
  ];
  await answerStreams(trade);
}

async function answerStreams(trade: Trade): Promise<void> {
  // WEST writes what has gathered a moment later.
  const files = await waitFor("WEST to write its rows", async () => {
    const written = (await must(trade.west("GET", "/query/files"))).files as { rows: number }[];
    const { counts } = await must(trade.west("GET", "/control/health"));
    return written.reduce((sum, { rows }) => sum + rows, 0) === counts.rows ? written.length : undefined;
  });
  await waitFor("the portal's messages to be taken", async () => {
    const { counts } = await must(trade.portal("GET", "/control/health"));
    return counts.ordersUnacknowledged === 0 ? true : undefined;
  });
  trade.takeFiles();
  const eastEvents = (await must(trade.east("GET", "/api/events?after=0"))).lastSeq;
  const partnerEvents = (await must(trade.partner("GET", "/v2/events"))).events.length;
  const stream = (system: string, nativeMapped: number, topics?: [string, number][]) => ({
    system,
    received: nativeMapped + 3,
    recorded: nativeMapped,
    duplicate: 3,
    conflict: 0,
    rejected: 0,
    nativeMapped,
    nativeIgnored: 0,
    nativeFailed: 0,
    nativeDuplicate: 2,
    ...(topics === undefined
      ? {}
      : { topics: topics.map(([topic, mapped]) => ({ topic, mapped, ignored: 0, failed: 0 })) }),
  });
  trade.answers.intake = [
    stream("portal", 3),
    stream("crm", 5),
    stream("erp", 40),
    stream("east", eastEvents + 7, [
      ["events", eastEvents],
      ["stock", 7],
    ]),
    stream("west", files),
    stream("partner", partnerEvents + 2, [
      ["events", partnerEvents],
      ["stock", 2],
    ]),
  ];
  trade.answers.deliveries = ["erp", "east"].map((target) => ({
    target,
    flow: "orders",
    routed: 10,
    delivered: 7,
    merged: 1,
    parked: 0,
    skipped: 1,
    waiting: 1,
  }));
}
