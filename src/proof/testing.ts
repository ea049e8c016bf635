// A shop of a few lines, and a connector for it whose parts can be made wrong one by one.
import { Type } from "typebox";
import type { Answer, ConnectorSession, NativeMessage, OutboundMessage } from "../connector/contract.ts";
import { CallFailed, classifyCall, defineConnector, outcomeOf, readExact } from "../connector/index.ts";
import { answerJson, startTestServer, type TestServer } from "../connector/testing-server.ts";
import type { Subject } from "./subject.ts";

interface Level {
  number: number;
  sku: string;
  quantity: number;
  at: string;
}

export interface Shop {
  server: TestServer;
  levels: Level[];
  bookings: string[];
  /** Gives the next number of the log without committing it. */
  begin(): Level;
}

export async function startShop(): Promise<Shop> {
  const levels: Level[] = [];
  const bookings: string[] = [];
  let numbers = 0;
  const server = await startTestServer(({ method, url, body }, response) => {
    const { pathname, searchParams } = new URL(url, "http://shop");
    if (pathname === "/ping") return answerJson(response, 200, {});
    if (pathname === "/levels") {
      const after = Number(searchParams.get("after"));
      return answerJson(
        response,
        200,
        levels.filter(({ number }) => number > after).sort((a, b) => a.number - b.number),
      );
    }
    if (method === "POST") {
      bookings.push((JSON.parse(body) as { order: string }).order);
      return answerJson(response, 201, {});
    }
    const order = decodeURIComponent(pathname.slice("/orders/".length));
    const found = bookings.includes(order);
    return answerJson(response, found ? 200 : 404, found ? { order } : {});
  });
  return {
    server,
    levels,
    bookings,
    begin() {
      numbers += 1;
      return { number: numbers, sku: `S${numbers}`, quantity: numbers, at: new Date().toISOString() };
    },
  };
}

/** What is done wrong; nothing where all are left out. */
export interface Mistakes {
  /** Reads on from the last number and never looks back. */
  noOverlap?: boolean;
  /** Takes a lost answer for a refusal. */
  lostIsRefused?: boolean;
  /** Takes a lost answer for an illness: it would be sent again. */
  lostIsIll?: boolean;
  /** Never finds what is there. */
  findsNothing?: boolean;
  /** Says something else each time. */
  impure?: boolean;
  /** Is well whatever happens. */
  alwaysWell?: boolean;
}

const OVERLAP = 100;

export function shopConnector(mistakes: Mistakes) {
  return defineConnector({
    name: "shop",
    title: "A shop",
    settings: Type.Object({ url: Type.String() }, { additionalProperties: false }),
    mappingRevision: 1,
    writes: { "order.booking": { kind: "lookup", bulkMax: 1 } },
    open({ url }, { http, now }): ConnectorSession {
      const get = (path: string, call: object = {}) =>
        http.request({ method: "GET", url: `${url}${path}`, ...call });
      let mapped = 0;
      return {
        map: ({ body }) => mapLevel(String(body), mistakes.impure ? ++mapped : 0),
        polls: {
          levels: {
            everyMs: 1_000,
            async read(cursor, signal) {
              const last = Number(cursor ?? 0);
              const after = mistakes.noOverlap ? last : Math.max(0, last - OVERLAP);
              const { status, body } = await get(`/levels?after=${after}`, { signal });
              if (status !== 200) throw new Error(`The shop answers ${status}.`);
              const rows = JSON.parse(body) as Level[];
              const messages = rows.map(
                (row): NativeMessage => ({
                  topic: "levels",
                  id: String(row.number),
                  contentType: "application/json",
                  body: JSON.stringify(row),
                }),
              );
              return { messages, cursor: String(Math.max(last, ...rows.map((r) => r.number))), more: false };
            },
          },
        },
        writers: {
          "order.booking": {
            send: (messages, call) => Promise.all(messages.map((message) => book(message, call))),
            async find({ key }, call) {
              const outcome = await outcomeOf(get(`/orders/${encodeURIComponent(key)}`, call));
              if (outcome instanceof CallFailed) return { kind: "unknown", reason: outcome.message };
              const isThere = outcome.status === 200 && mistakes.findsNothing !== true;
              if (outcome.status !== 200 && outcome.status !== 404)
                return { kind: "unknown", reason: `HTTP ${outcome.status}` };
              return isThere ? { kind: "found" } : { kind: "absent" };
            },
          },
        },
        async health(signal) {
          if (mistakes.alwaysWell) return;
          const { status } = await get("/ping", { signal });
          if (status !== 200) throw new Error(`The shop answers ${status}.`);
        },
        close: () => Promise.resolve(),
      };

      async function book({ key }: OutboundMessage, call: object): Promise<Answer> {
        const body = JSON.stringify({ order: key });
        const outcome = await outcomeOf(
          http.request({ method: "POST", url: `${url}/orders`, body, ...call }),
        );
        const answer = classifyCall(outcome, { now: now() });
        if (answer.kind !== "unknown") return answer;
        if (mistakes.lostIsRefused) return { kind: "refused", code: "shop.lost", reason: "lost" };
        return mistakes.lostIsIll ? { kind: "ill", reason: "lost" } : answer;
      }
    },
  });
}

function mapLevel(body: string, more: number) {
  const row = readExact(body) as Partial<Level> | null;
  if (typeof row?.sku !== "string") return { failed: "It names no SKU.", path: "$.sku" };
  const { sku, quantity, at } = row;
  const observedAt = String(at).replace("Z", "000Z");
  const level = { sku, location: "EAST", quantity: String(Number(quantity) + more), observedAt };
  return { events: [{ type: "inventory.level.observed", data: level }] };
}

let orders = 0;

export function shopSubject(shop: Shop, mistakes: Mistakes = {}): Subject {
  const product = shopConnector(mistakes);
  const expected = ({ sku, quantity }: Level) => ({
    type: "inventory.level.observed",
    data: { sku, quantity: String(quantity) },
  });
  return {
    upstream: shop.server.url,
    system: (url) => product({ url }),
    timeoutMs: 200,
    reads: {
      levels: {
        async change(count) {
          const made = Array.from({ length: count }, () => shop.begin());
          shop.levels.push(...made);
          return made.map(expected);
        },
        async begin() {
          const level = shop.begin();
          return { expected: expected(level), commit: async () => void shop.levels.push(level) };
        },
      },
    },
    writes: {
      "order.booking": {
        message: () => ({
          deliveryId: String(++orders),
          type: "order.booking",
          key: `main/O-${orders}`,
          payload: {},
          attempt: 1,
        }),
        effects: async ({ key }) => shop.bookings.filter((order) => order === key).length,
      },
    },
  };
}
