// Parcelworks' full stock set. Its pages are read one after the other and not frozen: each figure is as of its page, the
// set as of its first one. A total that does not fit is told as it is, so that nothing is zeroed.
import {
  type MappedEvent,
  type Mapping,
  type NativeMessage,
  type Poll,
  readExact,
} from "../../../src/connector/index.ts";
import { type ParcelworksApi, readAnswer } from "./api.ts";
import { countOf, fieldsOf, listOf, numberOf, textOf, timeOf, unreadable } from "./fields.ts";
import type { ParcelworksSettings } from "./settings.ts";

export const STOCK_TOPIC = "stock";
const PAGE = 500;

export function stockPoll(api: ParcelworksApi, { stockEveryMs }: ParcelworksSettings): Poll {
  return {
    everyMs: stockEveryMs,
    async read(cursor, signal) {
      const pages: string[] = [];
      let id = "";
      let read = 0;
      for (let number = 1; ; number++) {
        const answer = await api.get(`/v2/stock?page=${number}&pageSize=${PAGE}`, { signal });
        const page = readAnswer(answer, "$");
        pages.push(answer.body);
        if (id === "") id = `${timeOf(page, "asOf", "$")}/${countOf(page, "asOfEventNo", "$")}`;
        const rows = listOf(page, "items", "$").length;
        read += rows;
        if (rows === 0 || read >= Number(countOf(page, "total", "$"))) break;
      }
      // Read twice in one millisecond, with nothing between: the same set.
      const messages: NativeMessage[] =
        id === cursor
          ? []
          : [{ topic: STOCK_TOPIC, id, contentType: "application/json", body: `[${pages.join(",")}]` }];
      return { messages, cursor: id, more: false };
    },
  };
}

export function mapStock(message: NativeMessage, location: string): Mapping {
  const parsed = readExact(message.body);
  if (!Array.isArray(parsed) || parsed.length === 0) throw unreadable("$", "a list of pages");
  const pages = parsed.map((page, index) => fieldsOf(page, `$[${index}]`));
  const setId = message.id;
  const levels = new Map<string, MappedEvent>();
  let held = 0;
  for (const [index, page] of pages.entries()) {
    const observedAt = timeOf(page, "asOf", `$[${index}]`);
    for (const [at, row] of listOf(page, "items", `$[${index}]`).entries()) {
      const path = `$[${index}].items[${at}]`;
      const sku = textOf(row, "sku", path);
      const level = (status: string, quantity: string): MappedEvent => ({
        type: "inventory.level.observed",
        data: { sku, location, status, quantity, observedAt, setId },
      });
      levels.set(`available ${sku}`, level("available", numberOf(row, "qty", path)));
      // What is not held at all is not in the set: then it stands at zero.
      const quarantined = numberOf(row, "quarantineQty", path);
      if (quarantined !== "0") levels.set(`held ${sku}`, level("held", quarantined));
    }
  }
  for (const name of levels.keys()) if (name.startsWith("held ")) held += 1;
  const last = pages.length - 1;
  const count = Number(countOf(pages[last]!, "total", `$[${last}]`)) + held;
  const set = { location, setId, observedAt: timeOf(pages[0]!, "asOf", "$[0]"), count };
  return { events: [...levels.values(), { type: "inventory.set.observed", data: set }] };
}
