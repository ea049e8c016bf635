// EAST's full stock set, frozen with its first page: read whole, kept as one message, mapped to a level per SKU. A
// set whose count does not fit is told with the count that EAST states, so that nothing is zeroed.
import {
  type MappedEvent,
  type Mapping,
  type NativeMessage,
  type Poll,
  readExact,
} from "../../../src/connector/index.ts";
import { type EastApi, readAnswer } from "./api.ts";
import {
  countOf,
  type Fields,
  fieldsOf,
  listOf,
  numberOf,
  textOf,
  textOr,
  timeOf,
  unreadable,
} from "./fields.ts";
import type { EastSettings } from "./settings.ts";

export const STOCK_TOPIC = "stock";
const PAGE = 1000;

export function stockPoll(api: EastApi, { stockEveryMs }: EastSettings): Poll {
  return {
    everyMs: stockEveryMs,
    async read(_, signal) {
      const pages: string[] = [];
      let id = "";
      for (let next = `limit=${PAGE}`; next !== ""; ) {
        const path = `/api/stock?${next}`;
        const answer = await api.get(path, { signal });
        const page = readAnswer(answer, "$");
        pages.push(answer.body);
        id = textOf(page, "snapshotId", "$");
        const cursor = textOr(page, "nextCursor", "$");
        next = cursor === "" ? "" : `limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`;
      }
      const body = `[${pages.join(",")}]`;
      return {
        messages: [{ topic: STOCK_TOPIC, id, contentType: "application/json", body }],
        cursor: id,
        more: false,
      };
    },
  };
}

export function mapStock(message: NativeMessage, location: string): Mapping {
  const parsed = readExact(message.body);
  if (!Array.isArray(parsed)) throw unreadable("$", "a list of pages");
  const pages = parsed.map((page, index) => fieldsOf(page, `$[${index}]`));
  const [first] = pages;
  if (first === undefined) throw unreadable("$", "a list of pages with one at least");
  const set = { setId: textOf(first, "snapshotId", "$[0]"), observedAt: timeOf(first, "takenAt", "$[0]") };
  const levels: MappedEvent[] = [];
  let held = 0;
  for (const [index, page] of pages.entries()) {
    for (const [at, row] of listOf(page, "items", `$[${index}]`).entries()) {
      const path = `$[${index}].items[${at}]`;
      levels.push(levelOf(row, "onHand", "available", location, set, path));
      // What is not held at all is not in the set: then it stands at zero.
      if (numberOf(row, "held", path) === "0") continue;
      held += 1;
      levels.push(levelOf(row, "held", "held", location, set, path));
    }
  }
  const count = Number(countOf(first, "controlCount", "$[0]")) + held;
  return { events: [...levels, { type: "inventory.set.observed", data: { location, ...set, count } }] };
}

function levelOf(
  row: Fields,
  figure: string,
  status: string,
  location: string,
  set: { setId: string; observedAt: string },
  path: string,
): MappedEvent {
  if (textOf(row, "uom", path) !== "each") throw unreadable(`${path}.uom`, '"each"');
  const sku = textOf(row, "sku", path);
  const quantity = numberOf(row, figure, path);
  return { type: "inventory.level.observed", data: { sku, location, status, quantity, ...set } };
}
