// Reads products, where it is Tryton that says what unit a product is counted in.
import type { Poll } from "../../connector/index.ts";
import { digest, type FeedCursor, readChanges } from "./change-feed.ts";
import type { TrytonClient } from "./client.ts";
import { message } from "./order-feed.ts";
import { picked } from "./sale-reading.ts";
import type { TrytonSettings } from "./settings.ts";
import { fieldsOf, idOf, textOf } from "./values.ts";

const ONLY: unknown[] = [
  ["code", "not in", [null, ""]],
  ["template.type", "!=", "service"],
];

export function productsPoll(client: TrytonClient, { everyMs, pageMax, overlapMs }: TrytonSettings): Poll {
  return {
    everyMs,
    async read(text, signal) {
      const cursor = (text === null ? { seen: {} } : JSON.parse(text)) as FeedCursor;
      const load = async (ids: number[]) => {
        const fields = ["code", "default_uom.symbol"];
        const products = await client.search("product.product", [["id", "in", ids]], fields, { signal });
        return products.map((product) => ({
          id: idOf(product.id, "id"),
          body: { product: picked(product, ["id", "code", "default_uom."]) },
        }));
      };
      const options = {
        client,
        model: "product.product",
        only: ONLY,
        parts: ["template"],
        pageMax,
        overlapMs,
        signal,
      };
      const read = await readChanges(cursor, { ...options, load });
      const messages = read.changes.map(({ body, changedAt }) => {
        const code = textOf(fieldsOf(body.product, "product"), "code");
        return message("products", `${code}@${changedAt}/${digest(body)}`, { ...body, changedAt });
      });
      return { messages, cursor: JSON.stringify(read.cursor), more: read.more };
    },
  };
}
