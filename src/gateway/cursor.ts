// Opaque cursors: where a page ended. A cursor of another list, or one that nobody was given, is refused.
import { Refusal } from "./problem.ts";

export const PAGE_DEFAULT = 50;
export const PAGE_MAX = 500;

export function encodeCursor(list: string, after: string): string {
  return Buffer.from(JSON.stringify([list, after]), "utf8").toString("base64url");
}

export function decodeCursor(list: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const [ofList, after] = read(cursor);
  if (ofList !== list || typeof after !== "string" || after.includes("\u0000")) {
    throw new Refusal("request.parameter-invalid", "cursor is not one that this list has given.", {
      errors: [{ path: "cursor", message: "is not one that this list has given." }],
    });
  }
  return after;
}

function read(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    return Array.isArray(value) ? value : [];
  } catch {
    // Any text can be sent as a cursor; one that is none is refused by the caller of this.
    return [];
  }
}

export interface Page<Item> {
  items: Item[];
  /** Absent on the last page. */
  next?: string;
}

/** `rows` were asked for with one more than `limit`, so that the last page is known as such. */
export function pageOf<Row, Item>(
  list: string,
  rows: readonly Row[],
  limit: number,
  after: (row: Row) => string,
  render: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const page: Page<Item> = { items: shown.map(render) };
  if (rows.length > limit) page.next = encodeCursor(list, after(shown.at(-1)!));
  return page;
}
