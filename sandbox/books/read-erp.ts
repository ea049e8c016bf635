// What Ledgerline, the ERP, holds: orders, goods movements, ledger, purchase orders, invoices and credit memos,
// each resource read to its last page in the order of its ids.
import { type Asked, ask } from "./ask.ts";
import { readPennies } from "./exact.ts";
import type {
  Erp,
  ErpCredit,
  ErpInvoice,
  ErpInvoiceLine,
  ErpMovement,
  ErpOrder,
  LedgerRow,
  Location,
  PurchaseLine,
} from "./facts.ts";
import { BooksError } from "./failure.ts";
import { exactOf, type Fields, fieldsOf, listOf, textOf, textOr } from "./fields.ts";

const PLANTS: Record<string, Location> = { P100: "EAST", P200: "WEST", P300: "3PL" };

export async function readErp(url: string, apiKey: string): Promise<Erp> {
  const erp: Asked = { name: "the ERP", url, headers: { apikey: apiKey } };
  const purchases = await readAll(erp, "PurchaseOrders", (order) =>
    listOf(order, "Lines").map(toPurchase(order)),
  );
  return {
    orders: await readAll(erp, "SalesOrders", toOrder),
    movements: await readAll(erp, "GoodsMovements", toMovement),
    ledger: await readAll(erp, "StockLedger", toLedgerRow),
    purchases: purchases.flat(),
    invoices: await readAll(erp, "Invoices", toInvoice),
    credits: await readAll(erp, "CreditMemos", toCredit),
  };
}

async function readAll<T>(erp: Asked, resource: string, make: (fields: Fields) => T): Promise<T[]> {
  const records: T[] = [];
  let path: string | undefined = `odata/v4/${resource}`;
  while (path !== undefined) {
    const page: Fields = fieldsOf(await ask(erp, path), `ERP ${resource}`);
    records.push(...listOf(page, "value").map(make));
    path = page.values["@odata.nextLink"] === undefined ? undefined : textOf(page, "@odata.nextLink");
  }
  return records;
}

function locationOf(fields: Fields, name: string): Location {
  const plant = textOf(fields, name);
  const location = PLANTS[plant];
  if (location === undefined) {
    throw new BooksError("books.shape", `${fields.at}.${name}: no warehouse is known for plant ${plant}.`);
  }
  return location;
}

function toOrder(fields: Fields): ErpOrder {
  return {
    number: textOf(fields, "OrderNumber"),
    salesChannel: textOf(fields, "SalesChannel"),
    reference: textOr(fields, "CustomerReference"),
    purchaseOrder: textOr(fields, "CustomerPurchaseOrder"),
    lines: listOf(fields, "Lines").map((line) => ({
      line: textOf(line, "LineNumber"),
      isFreight: textOf(line, "LineType") === "FREIGHT",
      sku: textOf(line, "ItemNumber"),
      quantity: exactOf(line, "Quantity"),
      price: exactOf(line, "NetPrice"),
      priceUnit: exactOf(line, "PriceUnit"),
      delivered: exactOf(line, "DeliveredQuantity"),
      cancelled: exactOf(line, "CancelledQuantity"),
    })),
  };
}

function toMovement(fields: Fields): ErpMovement {
  const receiving = textOr(fields, "ReceivingPlant");
  return {
    number: textOf(fields, "DocumentNumber"),
    type: textOf(fields, "MovementType"),
    location: locationOf(fields, "Plant"),
    to: receiving === "" ? undefined : locationOf(fields, "ReceivingPlant"),
    reference: textOr(fields, "ExternalReference"),
    order: textOr(fields, "SalesOrder"),
    purchaseOrder: textOr(fields, "PurchaseOrder"),
    lines: listOf(fields, "Lines").map((line) => ({
      sku: textOf(line, "ItemNumber"),
      quantity: exactOf(line, "Quantity"),
      isBlocked: textOf(line, "StockType") === "BLOCKED",
      orderLine: textOr(line, "SalesOrderLine"),
      invoice: textOr(line, "Invoice"),
      billing: textOf(line, "BillingStatus"),
    })),
  };
}

function toLedgerRow(fields: Fields): LedgerRow {
  return {
    sku: textOf(fields, "ItemNumber"),
    location: locationOf(fields, "Plant"),
    opening: exactOf(fields, "OpeningQuantity"),
    quantity: exactOf(fields, "Quantity"),
    blocked: exactOf(fields, "BlockedQuantity"),
  };
}

function toPurchase(order: Fields): (line: Fields) => PurchaseLine {
  return (line) => {
    const received = exactOf(line, "ReceivedQuantity");
    const left = exactOf(line, "Quantity") - received - exactOf(line, "CancelledQuantity");
    return {
      order: textOf(order, "OrderNumber"),
      sku: textOf(line, "ItemNumber"),
      location: locationOf(line, "Plant"),
      open: left > 0n ? left : 0n,
      received,
      dueOn: textOf(line, "DueDate"),
    };
  };
}

function toInvoice(fields: Fields): ErpInvoice {
  return toPaper(fields, textOf(fields, "InvoiceNumber"), (line) => ({
    orderLine: textOf(line, "SalesOrderLine"),
    isFreight: textOf(line, "LineType") === "FREIGHT",
    sku: textOf(line, "ItemNumber"),
    quantity: exactOf(line, "Quantity"),
    pennies: readPennies(textOf(line, "NetAmount")),
  }));
}

function toCredit(fields: Fields): ErpCredit {
  const credit = toPaper(fields, textOf(fields, "CreditMemoNumber"), (line) => ({
    orderLine: textOf(line, "SalesOrderLine"),
    isFreight: false,
    sku: textOf(line, "ItemNumber"),
    quantity: exactOf(line, "Quantity"),
    pennies: readPennies(textOf(line, "NetAmount")),
  }));
  return { ...credit, fromReturn: textOr(fields, "ReturnDocument") !== "" };
}

function toPaper(fields: Fields, number: string, toLine: (line: Fields) => ErpInvoiceLine): ErpInvoice {
  return {
    number,
    order: textOf(fields, "SalesOrder"),
    currency: textOf(fields, "Currency"),
    pennies: readPennies(textOf(fields, "NetAmount")),
    lines: listOf(fields, "Lines").map(toLine),
  };
}
