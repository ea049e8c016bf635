// A clerk who works in Tryton itself, by calls of their own, and a look into its tables.
import { openDatabase } from "../../src/postgres/pool.ts";
import type { Tryton } from "./server.ts";

export interface Clerk {
  /** A model's method; the context is added. Throws what Tryton says. */
  call<Result>(model: string, method: string, ...params: unknown[]): Promise<Result>;
  /** The id of the one record with this value. */
  id(model: string, field: string, value: string): Promise<number>;
  /** A sale in process, with its number and the ids of its lines. */
  sale(lines: SaleLine[], more?: object): Promise<{ id: number; number: string; lines: number[] }>;
  /** A purchase in process. */
  purchase(quantities: number[], due: Date): Promise<{ id: number; number: string; lines: number[] }>;
  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** A statement in a transaction that ends when it is told to. */
  begin(sql: string, values: unknown[]): Promise<{ commit(): Promise<void> }>;
  close(): Promise<void>;
}
export interface SaleLine {
  sku: string;
  quantity: number;
  price: string;
}

export const decimal = (text: string) => ({ __class__: "Decimal", decimal: text });
export const date = (day: Date) => ({
  __class__: "date",
  year: day.getUTCFullYear(),
  month: day.getUTCMonth() + 1,
  day: day.getUTCDate(),
});

export async function openClerk(server: Tryton): Promise<Clerk> {
  const address = `${server.url}/${server.database}/`;
  const post = async (method: string, params: unknown[], headers: Record<string, string> = {}) => {
    const body = JSON.stringify({ id: 1, method, params });
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    const said = (await answer.json()) as { result?: unknown; error?: unknown };
    if (said.error !== undefined) throw new Error(`${method}: ${JSON.stringify(said.error)}`);
    return said.result;
  };
  const [uid, session] = (await post("common.db.login", ["clerk", { password: "Wq8#clerk!zT5k" }, "en"])) as [
    number,
    string,
  ];
  const authorization = `Session ${Buffer.from(`clerk:${uid}:${session}`).toString("base64")}`;
  const db = openDatabase(server.databaseUrl, { applicationName: "tryton-tests" });

  const clerk: Clerk = {
    call: async <Result>(model: string, method: string, ...params: unknown[]) =>
      (await post(`model.${model}.${method}`, [...params, { company: 1, language: "en" }], {
        authorization,
      })) as Result,
    async id(model, field, value) {
      const found = await clerk.call<number[]>(model, "search", [[field, "=", value]], 0, 1, null);
      if (found[0] === undefined) throw new Error(`There is no ${model} whose ${field} is ${value}.`);
      return found[0];
    },
    async sale(lines, more = {}) {
      const party = await clerk.id("party.party", "code", "C-1");
      const address = await clerk.id("party.address", "party.code", "C-1");
      const unit = await clerk.id("product.uom", "symbol", "u");
      const term = await clerk.call<number[]>("account.invoice.payment_term", "search", [], 0, 1, null);
      const rows = await Promise.all(
        lines.map(async ({ sku, quantity, price }, index) => ({
          type: "line",
          sequence: index + 1,
          product: await clerk.id("product.product", "code", sku),
          unit,
          quantity,
          unit_price: decimal(price),
        })),
      );
      const values = {
        party,
        company: 1,
        invoice_address: address,
        shipment_address: address,
        currency: await clerk.id("currency.currency", "code", "GBP"),
        payment_term: term[0],
        warehouse: await clerk.id("stock.location", "code", "WH"),
        invoice_method: "shipment",
        shipment_method: "order",
        lines: [["create", rows]],
        ...more,
      };
      const [id] = await clerk.call<number[]>("sale.sale", "create", [values]);
      await clerk.call("sale.sale", "quote", [id]);
      await clerk.call("sale.sale", "confirm", [id]);
      return made(clerk, "sale.sale", id!);
    },
    async purchase(quantities, due) {
      const party = await clerk.id("party.party", "code", "S-1");
      const product = await clerk.id("product.product", "code", "85123A");
      const unit = await clerk.id("product.uom", "symbol", "u");
      const rows = quantities.map((quantity, index) => ({
        type: "line",
        sequence: index + 1,
        product,
        unit,
        quantity,
        unit_price: decimal("5"),
        delivery_date_edit: true,
        delivery_date_store: date(due),
      }));
      const values = {
        party,
        company: 1,
        invoice_address: await clerk.id("party.address", "party.code", "S-1"),
        currency: await clerk.id("currency.currency", "code", "GBP"),
        warehouse: await clerk.id("stock.location", "code", "WH"),
        lines: [["create", rows]],
      };
      const [id] = await clerk.call<number[]>("purchase.purchase", "create", [values]);
      await clerk.call("purchase.purchase", "quote", [id]);
      await clerk.call("purchase.purchase", "confirm", [id]);
      return made(clerk, "purchase.purchase", id!);
    },
    async query<Row extends object>(sql: string, values: unknown[] = []) {
      return (await db.query<Row>(sql, values)).rows;
    },
    async begin(sql, values) {
      const other = openDatabase(server.databaseUrl, { applicationName: "tryton-tests-late" });
      const connection = await other.connection();
      await connection.query("begin");
      await connection.query(sql, values);
      return {
        async commit() {
          await connection.query("commit");
          await other.close();
        },
      };
    },
    close: () => db.close(),
  };
  return clerk;
}

async function made(clerk: Clerk, model: string, id: number) {
  const [record] = await clerk.call<{ number: string; lines: number[] }[]>(
    model,
    "read",
    [id],
    ["number", "lines"],
  );
  return { id, number: record!.number, lines: record!.lines };
}
