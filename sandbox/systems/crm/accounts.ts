// Accounts of Relata. Neither name nor account_number is unique.

import { type Fields, fieldsOf, flag, optionalText, text } from "../simulation/fields.ts";
import type { Route } from "../simulation/router.ts";
import type { Crm } from "./crm.ts";
import { type Account, relataTime } from "./records.ts";

const PATH = "/services/data/accounts";

export function createAccount(crm: Crm, fields: Fields): Account {
  const name = text(fields, "name");
  const creditHold = flag(fields, "credit_hold", false);
  const now = relataTime(Date.now());
  const account: Account = {
    id: crm.ids.next("001"),
    name,
    account_number: optionalText(fields, "account_number") ?? null,
    billing_country: optionalText(fields, "billing_country") ?? null,
    owner_name: optionalText(fields, "owner_name") ?? null,
    credit_hold: creditHold,
    created_date: now,
    last_modified_date: now,
    revision: 1,
  };
  crm.accounts.add(account);
  return account;
}

function changeAccount(crm: Crm, account: Account, fields: Fields): void {
  if (fields.name !== undefined) account.name = text(fields, "name");
  account.account_number = optionalText(fields, "account_number") ?? account.account_number;
  account.billing_country = optionalText(fields, "billing_country") ?? account.billing_country;
  account.owner_name = optionalText(fields, "owner_name") ?? account.owner_name;
  account.credit_hold = flag(fields, "credit_hold", account.credit_hold);
  crm.accounts.touch(account);
}

export function accountRoutes(crm: Crm): Route[] {
  return [
    { method: "GET", path: PATH, handle: (request) => crm.accounts.answer(request) },
    {
      method: "POST",
      path: PATH,
      handle: (request) => {
        const account = createAccount(crm, fieldsOf(request.json()));
        return { status: 201, body: { id: account.id, success: true, errors: [] } };
      },
    },
    {
      method: "GET",
      path: `${PATH}/:id`,
      handle: (request) => ({ status: 200, body: crm.accounts.get(request.params.id as string) }),
    },
    {
      method: "PATCH",
      path: `${PATH}/:id`,
      handle: (request) => {
        changeAccount(crm, crm.accounts.get(request.params.id as string), fieldsOf(request.json()));
        return { status: 204 };
      },
    },
  ];
}
