// Example: stock is read from its change log, orders are booked in it. Change what is asked and how it is mapped; the
// proofs beside this file tell what no longer holds.
import {
  type Answer,
  type BookingPayload,
  CallFailed,
  type CallLimits,
  type ConnectorSession,
  canonicalJson,
  classifyCall,
  defineConnector,
  type MappedEvent,
  numberText,
  type OutboundMessage,
  outcomeOf,
  readExact,
  withDefault,
} from "crossdock/connector";
import { Type } from "typebox";

/** How far back the log is read again: numbers of changes that are committed late come behind the cursor. */
const OVERLAP = 100;

export const example = defineConnector({
  name: "example",
  title: "Example",
  settings: Type.Object(
    {
      url: Type.String({ pattern: "^https?://" }),
      apiKey: Type.String({ minLength: 1 }),
      everyMs: withDefault(Type.Integer({ minimum: 100 }), 5_000),
    },
    { additionalProperties: false },
  ),
  mappingRevision: 1,
  // It has no idempotency key: after an unknown outcome an order is looked up by its number.
  writes: { "order.booking": { kind: "lookup", bulkMax: 1 } },
  clock: { resolutionMs: 1 },

  open({ url, apiKey, everyMs }, { http, now }): ConnectorSession {
    const headers = { "x-api-key": apiKey, "content-type": "application/json" };
    return {
      map: ({ body }) => ({ events: [levelOf(readExact(body))] }),

      polls: {
        stock: {
          everyMs,
          async read(cursor, signal) {
            const last = Number(cursor ?? 0);
            const from = Math.max(0, last - OVERLAP);
            const answer = await http.request({
              method: "GET",
              url: `${url}/changes?after=${from}`,
              headers,
              signal,
            });
            if (answer.status !== 200) throw new Error(`Example's change log answers ${answer.status}.`);
            const rows = readExact(answer.body) as { number: unknown }[];
            const messages = rows.map((row) => ({
              topic: "stock",
              id: numberText(row.number),
              contentType: "application/json",
              body: canonicalJson(row),
            }));
            const numbers = messages.map(({ id }) => Number(id));
            return { messages, cursor: String(Math.max(last, ...numbers)), more: false };
          },
        },
      },

      writers: {
        "order.booking": {
          send: (messages, call) => Promise.all(messages.map((message) => book(message, call))),
          async find(message, call) {
            const { orderId } = message.payload as BookingPayload;
            const path = `/orders/${encodeURIComponent(orderId)}`;
            const outcome = await outcomeOf(
              http.request({ method: "GET", url: `${url}${path}`, headers, ...call }),
            );
            if (outcome instanceof CallFailed) return { kind: "unknown", reason: outcome.message };
            if (outcome.status === 404) return { kind: "absent" };
            if (outcome.status !== 200) return { kind: "unknown", reason: `HTTP ${outcome.status}` };
            return { kind: "found", reference: orderId };
          },
        },
      },

      async health(signal) {
        const { status } = await http.request({ method: "GET", url: `${url}/ping`, headers, signal });
        if (status !== 200) throw new Error(`Example answers ${status}.`);
      },

      async close() {
        // Nothing is held open.
      },
    };

    async function book({ payload }: OutboundMessage, call: CallLimits): Promise<Answer> {
      const { orderId, customer, lines } = payload as BookingPayload;
      const body = JSON.stringify({
        number: orderId,
        customer: customer.id,
        lines: lines.map(({ sku, quantity, price }) => ({ sku, quantity, price })),
      });
      return classifyCall(
        await outcomeOf(http.request({ method: "POST", url: `${url}/orders`, headers, body, ...call })),
        { now: now() },
      );
    }
  },
});

/** Throws where it is no level: what throws counts as failed, with its message. */
function levelOf(row: unknown): MappedEvent {
  const { sku, place, quantity, at } = (row ?? {}) as Record<string, unknown>;
  if (typeof sku !== "string") throw new Error("$.sku: a text is expected.");
  return {
    type: "inventory.level.observed",
    data: { sku, location: place, quantity: numberText(quantity), observedAt: at },
  };
}
