// Customers and items. Numbers are external where the caller gives one, else drawn from Ledgerline's
// own range; a number that is taken is refused with 409.

import {
  decimalNumber,
  type Fields,
  fieldsOf,
  flag,
  optionalNumber,
  optionalText,
  text,
} from "../simulation/fields.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { Route } from "../simulation/router.ts";
import type { Company } from "./company.ts";
import { readRoutes, requireRecord } from "./query.ts";
import type { Customer, Item } from "./records.ts";

export function createCustomer(company: Company, fields: Fields): Customer {
  const given = optionalText(fields, "CustomerNumber");
  if (given !== undefined && company.customers.first("CustomerNumber", given)) {
    throw new Refusal(409, "CUST_EXISTS", `Customer ${given} exists`);
  }
  const name = text(fields, "Name");
  const limit = optionalNumber(fields, "CreditLimit");
  const blocked = flag(fields, "Blocked", false);
  return company.customers.add((id) => ({
    CustomerNumber: given ?? `D${100_000 + id}`,
    Name: name,
    CountryCode: optionalText(fields, "CountryCode") ?? null,
    Currency: optionalText(fields, "Currency") ?? "GBP",
    CreditLimit: limit ?? null,
    Blocked: blocked,
  }));
}

export function createItem(company: Company, fields: Fields): Item {
  const number = text(fields, "ItemNumber");
  if (company.items.first("ItemNumber", number)) {
    throw new Refusal(409, "ITEM_EXISTS", `Item ${number} exists`);
  }
  const price = optionalNumber(fields, "StandardPrice") ?? 0;
  return company.items.add(() => ({
    ItemNumber: number,
    Description: optionalText(fields, "Description") ?? number,
    BaseUnit: optionalText(fields, "BaseUnit") ?? "PCE",
    StandardPrice: price,
    Status: "Active",
  }));
}

function changeCustomer(company: Company, customer: Customer, fields: Fields): void {
  if (fields.Name !== undefined) customer.Name = text(fields, "Name");
  if (fields.CountryCode !== undefined) customer.CountryCode = optionalText(fields, "CountryCode") ?? null;
  if (fields.CreditLimit !== undefined) customer.CreditLimit = decimalNumber(fields, "CreditLimit");
  customer.Blocked = flag(fields, "Blocked", customer.Blocked);
  company.customers.touch(customer);
}

export function masterRoutes(company: Company): Route[] {
  return [
    ...readRoutes(company.customers),
    ...readRoutes(company.items),
    {
      method: "POST",
      path: "/odata/v4/Customers",
      handle: (request) => ({ status: 201, body: createCustomer(company, fieldsOf(request.json())) }),
    },
    {
      method: "PATCH",
      path: "/odata/v4/Customers(:id)",
      handle: (request) => {
        const customer = requireRecord(company.customers, request);
        changeCustomer(company, customer, fieldsOf(request.json()));
        return { status: 200, body: customer };
      },
    },
    {
      method: "POST",
      path: "/odata/v4/Items",
      handle: (request) => ({ status: 201, body: createItem(company, fieldsOf(request.json())) }),
    },
  ];
}
