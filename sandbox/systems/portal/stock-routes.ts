// What Tradefront may sell: an absolute figure per article, told in bulk, answered row by row. An
// article it has not seen is taken in; only a row that says nothing usable is refused.

import { fieldsOf } from "../simulation/fields.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest, Route } from "../simulation/router.ts";
import { listPage } from "./paging.ts";
import type { SellableRow } from "./records.ts";
import type { Shop } from "./shop.ts";

const ROWS_MAX = 500;

type RowResult =
  | { articleNo: string | null; ok: true }
  | { articleNo: string | null; ok: false; error: string };

function setBulk(shop: Shop, request: NativeRequest): NativeAnswer {
  const { rows } = fieldsOf(request.json());
  if (!Array.isArray(rows)) throw new Refusal(400, "invalidField", "rows must be a list");
  if (rows.length > ROWS_MAX) throw new Refusal(413, "tooManyRows", `At most ${ROWS_MAX} rows a call`);
  const results = rows.map((row: unknown) => setRow(shop, row));
  return { status: 200, body: { accepted: results.filter((result) => result.ok).length, results } };
}

function setRow(shop: Shop, row: unknown): RowResult {
  if (typeof row !== "object" || row === null) return { articleNo: null, ok: false, error: "badRow" };
  const { articleNo, sellable, expectedOn } = row as Record<string, unknown>;
  if (typeof articleNo !== "string" || articleNo === "")
    return { articleNo: null, ok: false, error: "badRow" };
  if (typeof sellable !== "number" || !Number.isFinite(sellable) || sellable < 0) {
    return { articleNo, ok: false, error: "badSellable" };
  }
  if (shop.faults.hit("rowErrors")) return { articleNo, ok: false, error: "locked" };
  const entry: SellableRow = {
    articleNo,
    sellable,
    expectedOn: typeof expectedOn === "string" ? expectedOn : null,
    updates: (shop.sellable.get(articleNo)?.updates ?? 0) + 1,
    updatedAt: new Date().toISOString(),
  };
  shop.sellable.set(articleNo, entry);
  return { articleNo, ok: true };
}

export function stockRoutes(shop: Shop): Route[] {
  return [
    { method: "POST", path: "/api/stock/bulk", handle: (request) => setBulk(shop, request) },
    {
      method: "GET",
      path: "/api/stock",
      handle: (request) => {
        if (request.query.has("since")) throw new Refusal(400, "invalidField", "stock has no since");
        return listPage(request, "stock", [...shop.sellable.values()], (row) => row.updatedAt);
      },
    },
    {
      method: "GET",
      path: "/api/stock/:articleNo",
      handle: (request) => {
        const row = shop.sellable.get(request.params.articleNo as string);
        if (!row) throw new Refusal(404, "notFound", `No article ${request.params.articleNo}`);
        return { status: 200, body: row };
      },
    },
  ];
}
