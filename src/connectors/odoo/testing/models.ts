// The models and fields that a simulated Odoo has, where 14 and 19 differ among them.
import type { Model } from "./store.ts";

const plain = (...names: string[]): Model => Object.fromEntries(names.map((name) => [name, ""]));

export function modelsOf(version: "19" | "14"): Record<string, Model> {
  const is19 = version === "19";
  return {
    "res.company": { currency_id: "res.currency" },
    "res.currency": {},
    "res.country": plain("code"),
    "res.partner": { ...plain("ref", "customer_rank"), country_id: "res.country" },
    "uom.uom": {},
    "product.pricelist": { currency_id: "res.currency" },
    "product.product": {
      ...plain("default_code", "sale_ok", "type", ...(is19 ? ["is_storable"] : [])),
      uom_id: "uom.uom",
    },
    "stock.warehouse": { code: "", company_id: "res.company" },
    "stock.location": {},
    "sale.order": {
      ...plain("state", "client_order_ref", "origin", "date_order", "picking_ids", "invoice_ids"),
      ...plain("invoice_status", "order_line"),
      partner_id: "res.partner",
      company_id: "res.company",
      warehouse_id: "stock.warehouse",
      pricelist_id: "product.pricelist",
      currency_id: "res.currency",
    },
    "sale.order.line": {
      ...plain("sequence", "product_uom_qty", "price_unit", "discount", "price_subtotal", "display_type"),
      ...plain("qty_delivered", "qty_invoiced"),
      order_id: "sale.order",
      product_id: "product.product",
      [is19 ? "product_uom_id" : "product_uom"]: "uom.uom",
    },
    "stock.picking": plain("state", "picking_type_code", "origin"),
    "stock.move": {
      ...plain("state", "origin", "product_uom_qty", ...(is19 ? ["quantity", "picked"] : [])),
      sale_line_id: "sale.order.line",
      picking_id: "stock.picking",
      product_id: "product.product",
      product_uom: "uom.uom",
      location_id: "stock.location",
      location_dest_id: "stock.location",
    },
    "stock.move.line": {
      ...plain(...(is19 ? ["quantity", "picked"] : ["qty_done", "product_uom_qty"])),
      move_id: "stock.move",
      picking_id: "stock.picking",
      product_id: "product.product",
      product_uom_id: "uom.uom",
      location_id: "stock.location",
      location_dest_id: "stock.location",
    },
    "sale.advance.payment.inv": plain("advance_payment_method", "sale_order_ids"),
    "account.move": {
      ...plain("state", "move_type", "invoice_origin"),
      company_id: "res.company",
      currency_id: "res.currency",
    },
    "account.move.line": {
      ...plain("quantity", "price_subtotal", "display_type", ...(is19 ? [] : ["exclude_from_invoice_tab"])),
      sale_line_ids: "",
      move_id: "account.move",
      product_id: "product.product",
      product_uom_id: "uom.uom",
    },
  };
}
