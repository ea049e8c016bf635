// What an order names, looked up by our words: all that is missing is known before anything is written.
import { type Answer, type BookingPayload, businessKey } from "../../connector/index.ts";
import type { Call, Desk } from "./client.ts";
import { refuse } from "./failure.ts";
import { type Fields, idOf, linkOf, textOf } from "./values.ts";

export interface Named {
  partner: number;
  products: ReadonlyMap<string, Fields>;
  warehouse: number;
  pricelist: number | undefined;
}

/** The names, or which references Odoo lacks. Throws OdooFailed for what nobody can send after. */
export async function findNamed(
  desk: Desk,
  payload: BookingPayload,
  call: Call,
): Promise<Named | { missing: Answer }> {
  const { company, customer } = payload;
  const partner = await findPartner(desk, customer.id, call);
  const codes = [
    ...new Set([
      ...payload.lines.map(({ sku }) => sku),
      ...payload.charges.map(({ kind }) => chargeCode(desk, kind)),
    ]),
  ];
  const products = await findProducts(desk, codes, call);
  const absent = codes.filter((code) => !products.has(code));
  if (partner === undefined || absent.length > 0) {
    const references = [
      ...(partner === undefined
        ? [{ domain: "customer" as const, key: businessKey(company, customer.id) }]
        : []),
      ...absent.map((code) => ({ domain: "product" as const, key: businessKey(company, code) })),
    ];
    return { missing: { kind: "missing", references } };
  }
  const warehouse = await findWarehouse(desk, desk.settings.bookAt, call);
  const pricelist = await findPricelist(desk, payload.currency, call);
  return { partner: idOf(partner.id, "id"), products, warehouse, pricelist };
}

/** The active one; undefined where there is none at all. Two, or one that is archived, are refused. */
export async function findPartner(desk: Desk, ref: string, call: Call): Promise<Fields | undefined> {
  const fields = ["ref", "active"];
  const found = await desk.client.search("res.partner", [["ref", "=", ref]], fields, call, {
    archived: true,
  });
  const active = found.filter((partner) => partner.active === true);
  if (active.length > 1)
    refuse("odoo.customer-ambiguous", `Odoo has two contacts with the reference ${ref}.`);
  if (active.length === 0 && found.length > 0)
    refuse("odoo.customer-archived", `The contact with the reference ${ref} is archived in Odoo.`);
  return active[0];
}

async function findProducts(desk: Desk, codes: string[], call: Call): Promise<Map<string, Fields>> {
  const domain = [["default_code", "in", codes]];
  const fields = ["default_code", "active", "uom_id", "sale_ok"];
  const found = await desk.client.search("product.product", domain, fields, call, { archived: true });
  const products = new Map<string, Fields>();
  for (const product of found.toSorted((a, b) => Number(b.active === true) - Number(a.active === true))) {
    const code = textOf(product, "default_code");
    if (!products.has(code)) {
      if (product.active !== true) refuse("odoo.product-archived", `${code} is archived in Odoo.`);
      if (product.sale_ok !== true) refuse("odoo.product-not-sold", `${code} is not to be sold in Odoo.`);
      products.set(code, product);
    } else if (product.active === true) {
      refuse("odoo.product-ambiguous", `Odoo has two products with the internal reference ${code}.`);
    }
  }
  return products;
}

export function chargeCode({ settings }: Desk, kind: string): string {
  if (Object.hasOwn(settings.charges, kind)) return settings.charges[kind]!;
  return refuse(
    "odoo.charge-unknown",
    `No product stands for a charge of the kind ${kind}: name it in charges.`,
  );
}

export async function findWarehouse(desk: Desk, location: string, call: Call): Promise<number> {
  const { locations, company } = desk.settings;
  const code = Object.hasOwn(locations, location) ? locations[location]! : undefined;
  if (code === undefined) return refuse("odoo.location-unknown", `${location} is not one of the locations.`);
  const domain = [
    ["code", "=", code],
    ["company_id", "=", company],
  ];
  const [found] = await desk.client.search("stock.warehouse", domain, ["code"], call, { limit: 1 });
  if (found !== undefined) return idOf(found.id, "id");
  return refuse("odoo.warehouse-unknown", `Odoo has no warehouse with the code ${code}.`);
}

/** An order's currency is its price list's; without one the company's, and then none is named. */
async function findPricelist(desk: Desk, currency: string, call: Call): Promise<number | undefined> {
  const { client, settings } = desk;
  const domain = [["currency_id.name", "=", currency]];
  const [list] = await client.search("product.pricelist", domain, ["currency_id"], call, { limit: 1 });
  if (list !== undefined) return idOf(list.id, "id");
  const own = [["id", "=", settings.company]];
  const [company] = await client.search("res.company", own, ["currency_id"], call);
  if (company !== undefined && linkOf(company, "currency_id")?.label === currency) return undefined;
  return refuse("odoo.currency-unknown", `Odoo has no price list in ${currency}.`);
}

/** Refuses where the product is counted otherwise there. */
export function mustCountIn(desk: Desk, product: Fields, unit: string): void {
  const link = linkOf(product, "uom_id");
  const ours =
    link !== undefined && Object.hasOwn(desk.settings.units, link.label)
      ? desk.settings.units[link.label]
      : undefined;
  if (ours === unit) return;
  const code = textOf(product, "default_code");
  refuse(
    "odoo.unit-unknown",
    `Odoo counts ${code} in ${link?.label ?? "nothing"}, which is not our ${unit}: see units.`,
  );
}
