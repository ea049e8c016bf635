// What a sale names, looked up by our words: all that is missing is known before anything is written.
import { type Answer, type BookingPayload, businessKey } from "../../connector/index.ts";
import type { Limits, TrytonClient } from "./client.ts";
import { refused, TrytonFailed } from "./failure.ts";
import type { TrytonSettings } from "./settings.ts";
import { type Fields, fieldsOf, idOf, idsOf, numberOf, textOf } from "./values.ts";

export interface Product {
  id: number;
  taxes: number[];
  /** The category of its units: only they count it. */
  category: number;
}
export interface Unit {
  id: number;
  digits: number;
  category: number;
}

const refuse = (code: string, reason: string): never => {
  throw new TrytonFailed(refused(code, reason));
};

/** Undefined where there is no such party. */
export async function findParty(
  client: TrytonClient,
  code: string,
  limits: Limits,
): Promise<Fields | undefined> {
  const fields = ["addresses", "customer_payment_term", "name"];
  const [party] = await client.search("party.party", [["code", "=", code]], fields, limits);
  return party;
}

export async function findProducts(
  client: TrytonClient,
  codes: string[],
  limits: Limits,
): Promise<Map<string, Product>> {
  const domain = [["code", "in", [...new Set(codes)]]];
  const fields = ["code", "account_category.customer_taxes_used", "default_uom.category", "salable"];
  const records = await client.search("product.product", domain, fields, limits);
  const found = new Map<string, Product>();
  for (const record of records) {
    const code = textOf(record, "code");
    if (found.has(code)) refuse("tryton.product-ambiguous", `Tryton has two products with the code ${code}.`);
    if (record.salable !== true) refuse("tryton.not-salable", `Tryton does not sell ${code}.`);
    const uom = record["default_uom."] as Fields;
    found.set(code, {
      id: idOf(record.id, "id"),
      taxes: taxesOf(record),
      category: idOf(uom.category, "category"),
    });
  }
  for (const code of codes)
    if (!found.has(code)) refuse("tryton.product-unknown", `Tryton has no product with the code ${code}.`);
  return found;
}

function taxesOf(record: Fields): number[] {
  const category = record["account_category."];
  if (category === null || category === undefined) return [];
  return idsOf(fieldsOf(category, "account_category").customer_taxes_used, "customer_taxes_used");
}

/** Our unit → Tryton's. */
export async function findUnits(
  client: TrytonClient,
  { units }: TrytonSettings,
  limits: Limits,
): Promise<Map<string, Unit>> {
  const domain = [["symbol", "in", Object.keys(units)]];
  const records = await client.search("product.uom", domain, ["symbol", "digits", "category"], limits);
  return new Map(
    records.map((record) => [
      units[textOf(record, "symbol")]!,
      {
        id: idOf(record.id, "id"),
        digits: Number(numberOf(record, "digits")),
        category: idOf(record.category, "category"),
      },
    ]),
  );
}

export async function findOne(
  client: TrytonClient,
  model: string,
  field: string,
  value: string,
  limits: Limits,
  more: unknown[] = [],
): Promise<number> {
  const [record] = await client.search(model, [[field, "=", value], ...more], [field], limits, { limit: 1 });
  if (record !== undefined) return idOf(record.id, "id");
  return refuse("tryton.unknown-name", `Tryton has no ${model} whose ${field} is ${value}.`);
}

export function missingCustomer({ company, customer }: BookingPayload): Answer {
  return { kind: "missing", references: [{ domain: "customer", key: businessKey(company, customer.id) }] };
}
