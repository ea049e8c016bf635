// Enters one order of the data as its people would: a buyer in the portal, an account manager in the CRM, a clerk at
// the counter or on the telephone in the ERP. What the data calls the order is the buyer's purchase order number.
import type { RetailException, RetailLine, RetailOrder } from "../retail/orders.ts";
import type { Distributor } from "./distributor.ts";
import { ensureErpCustomer, NOBODY, type Seeded } from "./seed.ts";

/** Where an order went, so that a cancellation or return can name it there. */
export interface EnteredOrder {
  channel: RetailOrder["channel"];
  /** The number, or the CRM's id. */
  document: string;
  /** The data's line → the channel's position or line id. */
  lines: Map<string, string | number>;
}

export interface Clerk {
  distributor: Distributor;
  seeded: Seeded;
  knownToErp: Map<string, Promise<void>>;
}

export async function enterOrder(clerk: Clerk, order: RetailOrder): Promise<EnteredOrder> {
  if (order.channel === "portal") return enterInPortal(clerk, order);
  if (order.channel === "crm") return enterInCrm(clerk, order);
  return enterInErp(clerk, order);
}

async function enterInPortal({ distributor }: Clerk, order: RetailOrder): Promise<EnteredOrder> {
  const basket = {
    buyer: { code: order.customer?.id ?? null, name: nameOf(order), country: order.country ?? null },
    poNumber: order.number,
    currency: "GBP",
    orderedAt: order.placedAt,
    items: order.lines.map((line) => ({
      articleNo: line.sku,
      title: line.description,
      qty: Number(line.quantity),
      unitPrice: line.price,
    })),
    charges: order.freight.map((line) => ({
      kind: "freight",
      label: `${line.code} ${line.description}`.trim(),
      amount: line.amount,
    })),
  };
  const look = () => findInPortal(distributor, order.number);
  const answer = await distributor.portal<{ orderNo: string }>("POST", "checkout", basket, look);
  return { channel: "portal", document: answer.orderNo, lines: positions(order.lines, (index) => index + 1) };
}

async function enterInCrm({ distributor, seeded }: Clerk, order: RetailOrder): Promise<EnteredOrder> {
  const account = seeded.accounts.get(order.customer?.id ?? NOBODY);
  const goods = order.lines.map((line) => ({
    product_code: line.sku,
    description: line.description,
    quantity: Number(line.quantity),
    unit_price: Number(line.price),
  }));
  const freight = order.freight.map((line) => ({
    product_code: line.code,
    description: line.description,
    quantity: 1,
    unit_price: Number(line.amount),
  }));
  const taken = {
    account_id: account,
    stage: "activated",
    customer_po: order.number,
    ordered_at: order.placedAt,
    currency_iso_code: "GBP",
    lines: [...goods, ...freight],
  };
  const look = () => findInCrm(distributor, order.number);
  const { id } = await distributor.crm<{ id: string }>("POST", "orders", taken, look);
  const kept = await distributor.crm<{ lines: { id: string }[] }>("GET", `orders/${id}`);
  return { channel: "crm", document: id, lines: positions(order.lines, (index) => kept.lines[index]!.id) };
}

async function enterInErp({ distributor, knownToErp }: Clerk, order: RetailOrder): Promise<EnteredOrder> {
  const customer = order.customer!.id;
  await ensureErpCustomer(distributor, customer, order.country, knownToErp);
  const goods = order.lines.map((line) => ({
    ItemNumber: line.sku,
    Quantity: Number(line.quantity),
    NetPrice: Number(line.price),
  }));
  const freight = order.freight.map((line) => ({
    ItemNumber: line.code,
    LineType: "FREIGHT",
    Quantity: 1,
    NetPrice: Number(line.amount),
  }));
  const keyed = {
    SalesChannel: Number(order.number.slice(-1)) % 2 === 0 ? "COUNTER" : "TELEPHONE",
    CustomerNumber: customer,
    CustomerPurchaseOrder: order.number,
    Currency: "GBP",
    Lines: [...goods, ...freight],
  };
  const look = () => findInErp(distributor, order.number);
  const kept = await distributor.erp<{ OrderNumber: string }>("POST", "SalesOrders", keyed, look);
  return {
    channel: "erp",
    document: kept.OrderNumber,
    lines: positions(order.lines, (index) => 10 * (index + 1)),
  };
}

async function findInPortal(
  distributor: Distributor,
  number: string,
): Promise<{ orderNo: string } | undefined> {
  for (let page = 1, pages = 1; page <= pages; page++) {
    const list = await distributor.portal<{ orders: { orderNo: string; poNumber: string }[]; pages: number }>(
      "GET",
      `orders?page=${page}&perPage=500`,
    );
    const found = list.orders.find(({ poNumber }) => poNumber === number);
    if (found !== undefined) return found;
    pages = list.pages;
  }
  return undefined;
}

async function findInCrm(distributor: Distributor, number: string): Promise<{ id: string } | undefined> {
  for (let token: string | null = ""; token !== null; ) {
    const more: string = token === "" ? "" : `&page_token=${encodeURIComponent(token)}`;
    const list: { records: { id: string; customer_po: string }[]; next_page_token: string | null } =
      await distributor.crm("GET", `orders?page_size=200${more}`);
    const found = list.records.find(({ customer_po }) => customer_po === number);
    if (found !== undefined) return found;
    token = list.next_page_token ?? null;
  }
  return undefined;
}

async function findInErp(
  distributor: Distributor,
  number: string,
): Promise<{ OrderNumber: string } | undefined> {
  const filter = encodeURIComponent(`CustomerPurchaseOrder eq '${number}'`);
  const { value } = await distributor.erp<{ value: { OrderNumber: string }[] }>(
    "GET",
    `SalesOrders?$filter=${filter}`,
  );
  return value[0];
}

const nameOf = (order: RetailOrder) =>
  order.customer === undefined ? null : `Customer ${order.customer.id}`;

function positions(
  lines: RetailLine[],
  position: (index: number) => string | number,
): Map<string, string | number> {
  return new Map(lines.map((line, index) => [line.lineId, position(index)]));
}

/** A row that no channel could take as part of an order, as the portal's import reports it. */
export function rejectedRow(exception: RetailException) {
  return {
    orderId: exception.number,
    rows: exception.rows.map(String),
    category: exception.category,
    reason: exception.reason,
  };
}
