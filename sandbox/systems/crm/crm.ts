// The state of Relata: accounts and orders, read in the order of their last change.

import { Feed } from "./feed.ts";
import { IdSource } from "./ids.ts";
import type { Account, CrmOrder, CrmSettings } from "./records.ts";

export interface Crm {
  ids: IdSource;
  settings: CrmSettings;
  accounts: Feed<Account>;
  orders: Feed<CrmOrder>;
  orderCount: number;
}

export function defaultCrmSettings(): CrmSettings {
  return { tokenTtlMs: 180_000 };
}

export function createCrm(): Crm {
  return {
    ids: new IdSource(),
    settings: defaultCrmSettings(),
    accounts: new Feed(),
    orders: new Feed(),
    orderCount: 0,
  };
}
