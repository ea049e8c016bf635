// What the methods of a simulated Odoo do: confirm, deliver in parts, invoice and post, as sale_stock and account do.
import { type Row, type Store, userError } from "./store.ts";

export type Method = (store: Store, rows: Row[], context: Record<string, unknown>) => unknown;
type Version = "19" | "14";

const round = (value: number) => Math.round(value * 100) / 100;
const linesOf = (store: Store, order: Row) =>
  store.rows("sale.order.line").filter((line) => line.order_id === order.id);

let numbers = 0;

export function createOrder(store: Store, values: Record<string, unknown>, version: Version): Row {
  const { order_line, ...head } = values;
  const commands = (order_line ?? []) as [number, number, Record<string, unknown>][];
  const company = store.get("res.company", head.company_id ?? 1);
  const list = head.pricelist_id === undefined ? company : store.get("product.pricelist", head.pricelist_id);
  const order = store.create("sale.order", {
    state: "draft",
    date_order: store.now,
    company_id: company.id,
    currency_id: list.currency_id,
    picking_ids: [],
    invoice_ids: [],
    invoice_status: "no",
    ...head,
    name: `S${String(++numbers).padStart(5, "0")}`,
  });
  for (const [, , line] of commands) {
    const product = store.get("product.product", line.product_id);
    const [quantity, price] = [round(Number(line.product_uom_qty)), round(Number(line.price_unit))];
    store.create("sale.order.line", {
      discount: 0,
      display_type: false,
      qty_delivered: 0,
      qty_invoiced: 0,
      name: product.default_code,
      ...line,
      order_id: order.id,
      product_uom_qty: quantity,
      price_unit: price,
      price_subtotal: round(quantity * price * (1 - Number(line.discount ?? 0) / 100)),
      [version === "19" ? "product_uom_id" : "product_uom"]: product.uom_id,
    });
  }
  return order;
}

export const methodsOf = (version: Version): Record<string, Method> => ({
  "sale.order.action_confirm": (store, [order]) => {
    if (order!.state !== "draft") throw userError("Some orders are not in a state requiring confirmation.");
    const picking = store.create("stock.picking", {
      name: `WH/OUT/${String(++numbers).padStart(5, "0")}`,
      state: "assigned",
      picking_type_code: "outgoing",
      origin: order!.name,
    });
    for (const line of linesOf(store, order!)) {
      const product = store.get("product.product", line.product_id);
      if (product.type !== "service") demand(store, line, picking, Number(line.product_uom_qty), version);
    }
    store.write("sale.order", order!, { state: "sale", picking_ids: [picking.id] });
    setInvoiceStatus(store, order!);
    return true;
  },
  "sale.order.action_cancel": (store, [order]) => {
    const moves = movesOf(store, order!);
    if (moves.some((move) => move.state === "done"))
      throw userError("You cannot cancel an order that was delivered.");
    for (const move of moves) store.write("stock.move", move, { state: "cancel" });
    store.write("sale.order", order!, { state: "cancel" });
    return true;
  },
  "stock.picking.button_validate": (store, [picking], context) => validate(store, picking!, context, version),
  "sale.advance.payment.inv.create_invoices": (store, _, context) => {
    const order = store.get("sale.order", (context.active_ids as number[])[0]);
    const open = linesOf(store, order).filter((line) => toInvoice(store, line) > 0);
    if (open.length === 0) throw userError("There is nothing to invoice!");
    const move = store.create("account.move", {
      name: "/",
      state: "draft",
      move_type: "out_invoice",
      company_id: order.company_id,
      currency_id: order.currency_id,
      invoice_origin: order.name,
    });
    const kind = (display: string) =>
      version === "19"
        ? { display_type: display }
        : { display_type: false, exclude_from_invoice_tab: display !== "product" };
    for (const line of open) {
      const quantity = toInvoice(store, line);
      const amount = round(quantity * Number(line.price_unit) * (1 - Number(line.discount) / 100));
      store.create("account.move.line", {
        move_id: move.id,
        product_id: line.product_id,
        product_uom_id: line.product_uom_id ?? line.product_uom,
        quantity,
        price_subtotal: amount,
        sale_line_ids: [line.id],
        ...kind("product"),
      });
      // The demo data's tax of 15%: a line of its own, of no product.
      const tax = { move_id: move.id, quantity: 1, price_subtotal: round(amount * 0.15), sale_line_ids: [] };
      store.create("account.move.line", { ...tax, ...kind("tax") });
      store.write("sale.order.line", line, { qty_invoiced: Number(line.qty_invoiced) + quantity });
    }
    store.write("sale.order", order, { invoice_ids: [...(order.invoice_ids as number[]), move.id] });
    setInvoiceStatus(store, order);
    return { type: "ir.actions.act_window", res_model: "account.move", res_id: move.id };
  },
  "account.move.action_post": (store, [move]) => {
    if (move!.state !== "draft") throw userError("The entry must be in draft.");
    const name = `INV/2026/${String(++numbers).padStart(5, "0")}`;
    store.write("account.move", move!, { state: "posted", name });
    return false;
  },
});

const movesOf = (store: Store, order: Row) => {
  const lines = new Set(linesOf(store, order).map(({ id }) => id));
  return store.rows("stock.move").filter((move) => lines.has(move.sale_line_id as number));
};

function demand(store: Store, line: Row, picking: Row, quantity: number, version: Version, more = {}): void {
  const unit = store.get("product.product", line.product_id).uom_id;
  const [stock, customers] = store.rows("stock.location");
  const ways = { location_id: stock!.id, location_dest_id: customers!.id };
  const links = { picking_id: picking.id, product_id: line.product_id, ...ways };
  // 19 says what is reserved as the quantity, which is not picked yet.
  const reserved = version === "19" ? { quantity, picked: false } : {};
  const move = store.create("stock.move", {
    state: "assigned",
    origin: picking.origin,
    ...more,
    ...links,
    ...reserved,
    product_uom: unit,
    sale_line_id: line.id,
    product_uom_qty: quantity,
  });
  if (version === "19") return;
  const below = { move_id: move.id, product_uom_id: unit, product_uom_qty: quantity, qty_done: 0 };
  store.create("stock.move.line", { ...links, ...below });
}

function validate(store: Store, picking: Row, context: Record<string, unknown>, version: Version): unknown {
  const open = store
    .rows("stock.move")
    .filter(({ picking_id, state }) => picking_id === picking.id && state !== "done" && state !== "cancel");
  if (open.length === 0) throw userError("You cannot validate a transfer that is done.");
  const done = new Map(open.map((move) => [move, doneOf(store, move, open, version)]));
  const isPartial = open.some((move) => done.get(move)! < Number(move.product_uom_qty));
  if (isPartial && context.skip_backorder !== true)
    return {
      type: "ir.actions.act_window",
      res_model: "stock.backorder.confirmation",
      name: "Create Backorder?",
    };
  const rest = isPartial
    ? store.create("stock.picking", { ...picking, name: `${picking.name}-B`, state: "assigned" })
    : undefined;
  let order: Row | undefined;
  for (const move of open) {
    const [shipped, wanted] = [done.get(move)!, Number(move.product_uom_qty)];
    const line = store.get("sale.order.line", move.sale_line_id);
    order = store.get("sale.order", line.order_id);
    if (shipped === 0) {
      store.write("stock.move", move, { picking_id: rest!.id });
      continue;
    }
    // The rest is a copy of the move, its origin too.
    if (shipped < wanted)
      demand(store, line, rest!, round(wanted - shipped), version, { origin: move.origin });
    store.write("stock.move", move, { state: "done", product_uom_qty: shipped });
    store.write("sale.order.line", line, { qty_delivered: round(Number(line.qty_delivered) + shipped) });
  }
  store.write("stock.picking", picking, { state: "done" });
  const pickings = [...(order!.picking_ids as number[]), ...(rest === undefined ? [] : [rest.id])];
  store.write("sale.order", order!, { picking_ids: pickings });
  setInvoiceStatus(store, order!);
  return true;
}

/** 19: all that is reserved where nothing is picked, else what is picked. 14: what its lines say. */
function doneOf(store: Store, move: Row, open: Row[], version: Version): number {
  if (version === "19") {
    const isChosen = move.picked === true || !open.some(({ picked }) => picked === true);
    return isChosen ? Number(move.quantity) : 0;
  }
  const lines = store.rows("stock.move.line").filter(({ move_id }) => move_id === move.id);
  return lines.reduce((sum, line) => sum + Number(line.qty_done), 0);
}

/** Services by what was ordered, goods by what was delivered. */
function toInvoice(store: Store, line: Row): number {
  const isService = store.get("product.product", line.product_id).type === "service";
  const due = Number(isService ? line.product_uom_qty : line.qty_delivered);
  return round(due - Number(line.qty_invoiced));
}

function setInvoiceStatus(store: Store, order: Row): void {
  const isOpen = linesOf(store, order).some((line) => toInvoice(store, line) > 0);
  store.write("sale.order", order, { invoice_status: isOpen ? "to invoice" : "no" });
}
