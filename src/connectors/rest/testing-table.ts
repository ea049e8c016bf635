// A product's table of stock levels, served page by page, and the stream that reads it.
import { answerJson } from "../../connector/testing-server.ts";
import { type Bench, bodies, type Input } from "./testing.ts";

interface Row {
  id: number;
  at: number;
  qty: number;
}
/** A product's table: changes are stamped in whole seconds. */
export class Table {
  rows: Row[] = [];
  put(id: number, at: number, qty = id): void {
    this.rows = [...this.rows.filter((row) => row.id !== id), { id, at, qty }];
  }
  drop(id: number): void {
    this.rows = this.rows.filter((row) => row.id !== id);
  }
  page(url: string, sort: "at" | "id" = "at"): Row[] {
    const query = new URL(url, "http://x").searchParams;
    const since = Number(query.get("since") ?? 0);
    const size = Number(query.get("size") ?? 1_000);
    const offset = query.has("page")
      ? (Number(query.get("page")) - 1) * size
      : Number(query.get("offset") ?? 0);
    return this.rows
      .filter(({ at }) => at >= since)
      .sort((a, b) => (sort === "at" ? a.at - b.at : 0) || a.id - b.id)
      .slice(offset, offset + size);
  }
}

const level = {
  id: "$.id",
  event: {
    type: "inventory.level.observed",
    fields: {
      sku: "$.id",
      location: "EAST",
      quantity: "$.qty",
      observedAt: { $from: "$.at", format: "epoch-s" },
    },
  },
} as const;
export const changes = (more: object = {}, size = 3): Input => ({
  reads: {
    stock: {
      path: "/stock",
      items: "$.items",
      paging: { page: { parameter: "page" }, size: { parameter: "size", value: size } },
      since: { parameter: "since", time: { from: "$.at", format: "epoch-s" }, overlap: "10s" },
      ...level,
      ...more,
    },
  },
});
export const T = 1_795_500_000; // 2026-11-24T06:00:00Z

export const serve = (
  bench: Bench,
  table: Table,
  sort: "at" | "id" = "at",
  before: (url: string) => void = () => undefined,
) =>
  bench.server.handle(({ url }, response) => {
    before(url);
    answerJson(response, 200, { items: table.page(url, sort) });
  });

export const ids = (messages: Parameters<typeof bodies>[0]) => bodies(messages).map(({ id }) => id);
