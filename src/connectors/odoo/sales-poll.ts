// Reads sales orders, then posted invoices and credit notes, in one poll: a paper never arrives before its order.
import { canonicalJson, type NativeMessage, type Poll } from "../../connector/index.ts";
import { emptyFeed, type FeedCursor, readChanges } from "./change-feed.ts";
import type { OdooClient } from "./client.ts";
import type { OdooSettings } from "./settings.ts";
import type { Limits } from "./transport.ts";
import { type Fields, idOf, idsOf, linkIdOf, linkOf, textOf, timeValue } from "./values.ts";

interface SalesCursor {
  orders: FeedCursor;
  papers: FeedCursor;
}

const ORDER_FIELDS = [
  "name",
  "state",
  "client_order_ref",
  "origin",
  "partner_id",
  "currency_id",
  "date_order",
  "create_date",
  "picking_ids",
];
const PAPER_FIELDS = ["name", "move_type", "currency_id", "create_date"];

export function salesPoll(client: OdooClient, settings: OdooSettings): Poll {
  const { pageMax, overlapMs, everyMs, company } = settings;
  return {
    everyMs,
    since(time) {
      const feed = (): FeedCursor => ({ from: timeValue(time), seen: {} });
      const cursor: SalesCursor = { orders: feed(), papers: feed() };
      return JSON.stringify(cursor);
    },
    async read(text, signal) {
      const cursor: SalesCursor =
        text === null ? { orders: emptyFeed(), papers: emptyFeed() } : JSON.parse(text);
      const limits = { signal };
      const feed = { pageMax, overlapMs, limits };
      const orders = await readChanges(client, cursor.orders, {
        ...feed,
        model: "sale.order",
        domain: [["company_id", "=", company]],
        fields: ORDER_FIELDS,
        complete: (records) => completeOrders(client, settings, records, limits),
      });
      const said = orders.changes.map(({ body, version }) =>
        message("orders", `${textOf(body.order as Fields, "name")}@${version}`, body),
      );
      if (orders.more) {
        const next = { ...cursor, orders: orders.cursor };
        return { messages: said, cursor: JSON.stringify(next), more: true };
      }
      const papers = await readChanges(client, cursor.papers, {
        ...feed,
        model: "account.move",
        domain: [
          ["company_id", "=", company],
          ["move_type", "in", ["out_invoice", "out_refund"]],
          ["state", "=", "posted"],
        ],
        fields: PAPER_FIELDS,
        complete: (records) => completePapers(client, settings, records, limits),
      });
      // A posted paper does not change: it is one, however often a payment touches it.
      const billed = papers.changes.map(({ body }) =>
        message("papers", textOf(body.paper as Fields, "name"), body),
      );
      const next = { orders: orders.cursor, papers: papers.cursor };
      return { messages: [...said, ...billed], cursor: JSON.stringify(next), more: papers.more };
    },
  };
}

const message = (topic: string, id: string, body: Fields): NativeMessage => ({
  topic,
  id,
  contentType: "application/json",
  body: canonicalJson(body),
});

async function completeOrders(
  client: OdooClient,
  settings: OdooSettings,
  orders: Fields[],
  limits: Limits,
): Promise<Fields[]> {
  if (orders.length === 0) return [];
  const ids = orders.map((order) => idOf(order.id, "id"));
  const unit = settings.version === "19" ? "product_uom_id" : "product_uom";
  const fields = [
    "order_id",
    "display_type",
    "product_id",
    "name",
    "product_uom_qty",
    unit,
    "price_unit",
    "discount",
    "price_subtotal",
  ];
  const lines = await client.search("sale.order.line", [["order_id", "in", ids]], fields, limits);
  const products = await byId(client, "product.product", lines, "product_id", PRODUCT_FIELDS, limits);
  const partners = await byId(client, "res.partner", orders, "partner_id", ["ref", "name"], limits);
  return orders.map((order) => ({
    order: { ...order, picking_ids: idsOf(order.picking_ids, "picking_ids").length },
    partner: partners.get(linkIdOf(order, "partner_id")) ?? null,
    lines: lines
      .filter((line) => linkIdOf(line, "order_id") === idOf(order.id, "id"))
      .map(({ [unit]: counted, ...line }) => ({
        ...line,
        unit: counted,
        product: products.get(linkOf(line, "product_id")?.id ?? 0) ?? null,
      })),
  }));
}

const PRODUCT_FIELDS = ["default_code", "type"];

async function completePapers(
  client: OdooClient,
  settings: OdooSettings,
  papers: Fields[],
  limits: Limits,
): Promise<Fields[]> {
  if (papers.length === 0) return [];
  const ids = papers.map((paper) => idOf(paper.id, "id"));
  // 14 keeps tax and receivable lines apart by another field.
  const kind =
    settings.version === "19"
      ? [["display_type", "=", "product"]]
      : [
          ["exclude_from_invoice_tab", "=", false],
          ["display_type", "=", false],
        ];
  const fields = ["move_id", "product_id", "quantity", "product_uom_id", "price_subtotal", "sale_line_ids"];
  const lines = await client.search("account.move.line", [["move_id", "in", ids], ...kind], fields, limits);
  const products = await byId(client, "product.product", lines, "product_id", PRODUCT_FIELDS, limits);
  const wanted = [...new Set(lines.flatMap((line) => idsOf(line.sale_line_ids, "sale_line_ids")))];
  const sold = await client.search("sale.order.line", [["id", "in", wanted]], ["order_id"], limits);
  const named = ["name", "client_order_ref", "origin"];
  const orders = await byId(client, "sale.order", sold, "order_id", named, limits);
  // All lines of an order are needed to say which of ours one is.
  const all = await client.search(
    "sale.order.line",
    [["order_id", "in", [...orders.keys()]]],
    ["order_id"],
    limits,
  );
  const orderOf = new Map(all.map((line) => [idOf(line.id, "id"), linkIdOf(line, "order_id")]));
  return papers.map((paper) => ({
    paper: without(paper, "write_date"),
    lines: lines
      .filter((line) => linkIdOf(line, "move_id") === idOf(paper.id, "id"))
      .map((line) => {
        const saleLine = idsOf(line.sale_line_ids, "sale_line_ids")[0] ?? 0;
        const order = orders.get(orderOf.get(saleLine) ?? 0);
        const product = products.get(linkOf(line, "product_id")?.id ?? 0) ?? null;
        if (order === undefined) return { ...line, product, order: null };
        const siblings = all.filter((one) => linkIdOf(one, "order_id") === idOf(order.id, "id"));
        return { ...line, product, order, siblings: siblings.map((one) => idOf(one.id, "id")), saleLine };
      }),
  }));
}

function without(record: Fields, name: string): Fields {
  const { [name]: _, ...rest } = record;
  return rest;
}

/** Archived ones too. */
async function byId(
  client: OdooClient,
  model: string,
  from: Fields[],
  field: string,
  fields: string[],
  limits: Limits,
): Promise<Map<number, Fields>> {
  const ids = [...new Set(from.flatMap((record) => linkOf(record, field)?.id ?? []))];
  if (ids.length === 0) return new Map();
  const found = await client.search(model, [["id", "in", ids]], fields, limits, { archived: true });
  return new Map(found.map((record) => [idOf(record.id, "id"), record]));
}
