// Goods movements: a document per posting, all its lines or none. ExternalReference and DeliveryNote are
// not unique: a second POST books the goods twice. Quantities are positive, the type gives the sign.

import { sum } from "../simulation/amount.ts";
import {
  decimalNumber,
  type Fields,
  fieldsOf,
  flag,
  listOf,
  optionalText,
  text,
  wholeNumber,
} from "../simulation/fields.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeRequest, Route } from "../simulation/router.ts";
import { billIssue, creditReturn } from "./billing.ts";
import { nativeNow, today } from "./collection.ts";
import { type Company, plants } from "./company.ts";
import { citeInvoiceLine, findInvoiceLine } from "./credit-memos.ts";
import { optionalDate } from "./dates.ts";
import { bookLedger } from "./ledger.ts";
import { refreshOrder } from "./order-status.ts";
import { receivePurchase, requirePurchaseLine } from "./purchase-orders.ts";
import { readRoutes, requireRecord } from "./query.ts";
import type { GoodsMovement, MovementLine, SalesOrder } from "./records.ts";

const BATCH_MAX = 200;
const types = new Set(["101", "601", "551", "552", "651", "311", "343", "344"]);
const typesWithReason = new Set(["551", "552"]);

interface Posting {
  type: string;
  order: SalesOrder | undefined;
  billingBlock: boolean;
  head: Omit<GoodsMovement, "ID" | "LastChangeDateTime" | "DocumentNumber" | "Lines">;
}

function postMovement(company: Company, fields: Fields): GoodsMovement {
  const posting = readHead(company, fields);
  const given = listOf(fields, "Lines");
  if (given.length === 0) throw new Refusal(422, "LINES_MISSING", "A movement needs a line");
  const lines = given.map((line, index) => readLine(company, posting, line, index + 1));
  checkCitations(company, lines);
  const movement = company.movements.add((id) => ({
    DocumentNumber: `GM-${5_000_000 + id}`,
    ...posting.head,
    Lines: lines,
  }));
  for (const line of lines) bookLedger(company, movement, line);
  if (posting.type === "101") receivePurchase(company, movement);
  if (posting.type === "601" && posting.order) deliver(company, posting.order, movement);
  if (posting.type === "651") {
    for (const line of lines) citeInvoiceLine(company, line);
    creditReturn(company, movement);
  }
  return movement;
}

function readHead(company: Company, fields: Fields): Posting {
  const type = text(fields, "MovementType");
  if (!types.has(type)) throw new Refusal(422, "MOVEMENT_TYPE_INVALID", `No movement type ${type}`);
  const plant = requirePlant(text(fields, "Plant"));
  const receiving = optionalText(fields, "ReceivingPlant");
  if (type === "311" && receiving === undefined) {
    throw new Refusal(422, "PLANT_MISSING", "A transfer needs a ReceivingPlant");
  }
  const reason = optionalText(fields, "ReasonCode");
  if (typesWithReason.has(type) && reason === undefined) {
    throw new Refusal(422, "REASON_MISSING", `Movement type ${type} needs a ReasonCode`);
  }
  const orderNumber = optionalText(fields, "SalesOrder");
  const order = company.orders.first("OrderNumber", orderNumber);
  if (orderNumber !== undefined && !order) {
    throw new Refusal(422, "ORDER_NOT_FOUND", `Sales order ${orderNumber} does not exist`);
  }
  const purchase = optionalText(fields, "PurchaseOrder");
  if (purchase !== undefined && !company.purchaseOrders.first("OrderNumber", purchase)) {
    throw new Refusal(422, "PO_NOT_FOUND", `Purchase order ${purchase} does not exist`);
  }
  return {
    type,
    order,
    billingBlock: flag(fields, "BillingBlock", false),
    head: {
      MovementType: type,
      PostingDate: optionalDate(fields, "PostingDate") ?? today(),
      Plant: plant,
      ReceivingPlant: receiving === undefined ? null : requirePlant(receiving),
      ReasonCode: reason ?? null,
      ExternalReference: optionalText(fields, "ExternalReference") ?? null,
      DeliveryNote: optionalText(fields, "DeliveryNote") ?? null,
      SalesOrder: orderNumber ?? null,
      PurchaseOrder: purchase ?? null,
      CreationDateTime: nativeNow(),
    },
  };
}

function requirePlant(plant: string): string {
  if (!plants.has(plant)) throw new Refusal(422, "PLANT_NOT_FOUND", `Plant ${plant} does not exist`);
  return plant;
}

function readLine(company: Company, posting: Posting, fields: Fields, number: number): MovementLine {
  const itemNumber = text(fields, "ItemNumber");
  const item = company.items.first("ItemNumber", itemNumber);
  if (!item) throw new Refusal(422, "ITEM_NOT_FOUND", `Item ${itemNumber} does not exist`);
  const quantity = decimalNumber(fields, "Quantity");
  if (quantity <= 0) throw new Refusal(422, "QUANTITY_INVALID", `Line ${number}: Quantity must be above 0`);
  const stockType = optionalText(fields, "StockType") ?? "FREE";
  if (stockType !== "FREE" && stockType !== "BLOCKED") {
    throw new Refusal(400, "FIELD_INVALID", "StockType must be FREE or BLOCKED");
  }
  const line: MovementLine = {
    LineNumber: number,
    ItemNumber: itemNumber,
    Quantity: quantity,
    Unit: optionalText(fields, "Unit") ?? item.BaseUnit,
    StockType: stockType,
    SalesOrderLine: fields.SalesOrderLine === undefined ? null : wholeNumber(fields, "SalesOrderLine"),
    PurchaseOrderLine:
      fields.PurchaseOrderLine === undefined ? null : wholeNumber(fields, "PurchaseOrderLine"),
    Invoice: optionalText(fields, "Invoice") ?? null,
    InvoiceLine: fields.InvoiceLine === undefined ? null : wholeNumber(fields, "InvoiceLine"),
    BillingStatus: "NotRelevant",
  };
  if (posting.type === "601" && posting.order) line.BillingStatus = checkIssue(posting, posting.order, line);
  if (posting.type === "651" && line.Invoice !== null) line.BillingStatus = "Pending";
  if (posting.type === "101" && posting.head.PurchaseOrder !== null) {
    requirePurchaseLine(company, posting.head.PurchaseOrder, line);
  }
  return line;
}

function checkIssue(posting: Posting, order: SalesOrder, line: MovementLine): MovementLine["BillingStatus"] {
  const ordered = order.Lines.find((candidate) => candidate.LineNumber === line.SalesOrderLine);
  if (ordered?.LineType !== "ITEM") {
    throw new Refusal(
      422,
      "LINE_NOT_FOUND",
      `${order.OrderNumber} has no item line ${line.SalesOrderLine ?? "(none given)"}`,
    );
  }
  if (ordered.ItemNumber !== line.ItemNumber) {
    throw new Refusal(
      422,
      "ITEM_MISMATCH",
      `${order.OrderNumber}/${ordered.LineNumber} is ${ordered.ItemNumber}`,
    );
  }
  // What left against a line that was cancelled is booked, but nobody is billed for it unasked.
  const isCancelled = ordered.CancelledQuantity >= ordered.Quantity;
  return posting.billingBlock || isCancelled ? "Blocked" : "Pending";
}

/** Refuses a return that cites more of an invoice line than it has left, over all lines of the document. */
function checkCitations(company: Company, lines: MovementLine[]): void {
  const wanted = new Map<string, number>();
  for (const line of lines) {
    if (line.Invoice === null) continue;
    const cited = findInvoiceLine(company, line.Invoice, line.InvoiceLine, line.ItemNumber);
    const key = `${line.Invoice} ${cited.LineNumber}`;
    const total = sum(wanted.get(key) ?? 0, line.Quantity);
    wanted.set(key, total);
    if (sum(total, cited.CreditedQuantity) > cited.Quantity) {
      throw new Refusal(422, "CREDIT_EXCEEDS_INVOICED", `${line.Invoice}/${cited.LineNumber} has less left`);
    }
  }
}

function deliver(company: Company, order: SalesOrder, movement: GoodsMovement): void {
  for (const line of movement.Lines) {
    const ordered = order.Lines.find((candidate) => candidate.LineNumber === line.SalesOrderLine);
    if (ordered) ordered.DeliveredQuantity = sum(ordered.DeliveredQuantity, line.Quantity);
  }
  refreshOrder(company, order);
  billIssue(company, movement);
}

function releaseBilling(company: Company, movement: GoodsMovement): void {
  const blocked = movement.Lines.filter((line) => line.BillingStatus === "Blocked");
  if (blocked.length === 0) {
    throw new Refusal(422, "NOT_BLOCKED", `${movement.DocumentNumber} has no line with a billing block`);
  }
  for (const line of blocked) line.BillingStatus = "Pending";
  company.movements.touch(movement);
  billIssue(company, movement);
}

function postBatch(company: Company, request: NativeRequest) {
  const records = fieldsOf(request.json()).Records;
  if (!Array.isArray(records)) throw new Refusal(400, "FIELD_INVALID", "Records must be a list");
  if (records.length > BATCH_MAX) {
    throw new Refusal(413, "BATCH_TOO_LARGE", `At most ${BATCH_MAX} records a call`);
  }
  const results = records.map((record: unknown, index) => {
    if (company.faults.hit("rowErrors")) {
      return failed(index, 423, "RECORD_LOCKED", "Locked by another user, try again");
    }
    try {
      const movement = postMovement(company, fieldsOf(record, `Records[${index}]`));
      return { Index: index, Status: 201, ID: movement.ID, DocumentNumber: movement.DocumentNumber };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return failed(index, error.status, error.code, error.message);
    }
  });
  return { status: 200, body: { Results: results } };
}

function failed(index: number, status: number, code: string, message: string) {
  return {
    Index: index,
    Status: status,
    Error: { code: code === "invalidField" ? "FIELD_INVALID" : code, message },
  };
}

export function goodsMovementRoutes(company: Company): Route[] {
  return [
    ...readRoutes(company.movements),
    {
      method: "POST",
      path: "/odata/v4/GoodsMovements",
      handle: (request) => ({ status: 201, body: postMovement(company, fieldsOf(request.json())) }),
    },
    {
      method: "POST",
      path: "/odata/v4/GoodsMovements/$batch-create",
      handle: (request) => postBatch(company, request),
    },
    {
      method: "POST",
      path: "/odata/v4/GoodsMovements(:id)/ReleaseBilling",
      handle: (request) => {
        const movement = requireRecord(company.movements, request);
        releaseBilling(company, movement);
        return { status: 200, body: movement };
      },
    },
  ];
}
