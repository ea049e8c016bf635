// Odoo's models, whichever way they are called. Each call is a transaction of its own.
import type { CallLimits, ConnectorContext } from "../../connector/index.ts";
import type { OdooSettings } from "./settings.ts";
import { createTransport, type Limits } from "./transport.ts";
import { type Fields, idsOf, listOf } from "./values.ts";

export interface OdooClient {
  /** Archived records too, where `archived` says so. */
  search(model: string, domain: unknown[], fields: string[], limits: Limits, more?: Page): Promise<Fields[]>;
  create(model: string, values: Fields, limits: Limits, context?: Fields): Promise<number>;
  write(model: string, ids: number[], values: Fields, limits: Limits): Promise<void>;
  /** A method that changes something. Its result may be an action window, which did nothing: read the state back. */
  run(model: string, method: string, ids: number[], limits: Limits, context?: Fields): Promise<unknown>;
}
export interface Page {
  limit?: number;
  order?: string;
  archived?: boolean;
}

/** What a writer's steps share. */
export interface Desk {
  client: OdooClient;
  settings: OdooSettings;
  context: ConnectorContext;
}

export type Call = CallLimits;

export function createClient(settings: OdooSettings, context: ConnectorContext): OdooClient {
  const send = createTransport(settings, context);
  const own: Fields = { lang: "en_US", tz: "UTC", allowed_company_ids: [settings.company] };
  return {
    async search(model, domain, fields, limits, { limit, order = "id asc", archived = false } = {}) {
      const shown = archived ? { ...own, active_test: false } : own;
      const paged = limit === undefined ? {} : { limit };
      const named = { domain, fields, order, ...paged, context: shown };
      return listOf(await send({ model, method: "search_read", named, changes: false }, limits), model);
    },
    async create(model, values, limits, more = {}) {
      const named = { vals_list: [values], context: { ...own, ...more } };
      const [id] = idsOf(await send({ model, method: "create", named, changes: true }, limits), model);
      return id!;
    },
    async write(model, ids, vals, limits) {
      await send({ model, method: "write", ids, named: { vals, context: own }, changes: true }, limits);
    },
    run: (model, method, ids, limits, more = {}) =>
      send({ model, method, ids, named: { context: { ...own, ...more } }, changes: true }, limits),
  };
}
