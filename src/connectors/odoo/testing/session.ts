// What the tests of this connector share: a session as a node opens it, and messages out.
import { createHttpClient } from "../../../connector/http-client.ts";
import type {
  BookingPayload,
  Connector,
  ConnectorSession,
  MovementPayload,
  OutboundMessage,
  OutboundType,
} from "../../../connector/index.ts";
import { resolveSettings } from "../../../connector/resolve.ts";
import { timeFromEpochMs } from "../../../core/time.ts";
import { odoo } from "../index.ts";
import { API_KEY, DATABASE, USER } from "./server.ts";

type Version = "19" | "14";

export const declared = (version: Version, url: string, more: Record<string, unknown> = {}) =>
  odoo({
    url,
    version,
    database: DATABASE,
    apiKey: API_KEY,
    user: USER,
    locations: { EAST: "WH" },
    bookAt: "EAST",
    charges: { freight: "FREIGHT" },
    pageMax: 10,
    ...more,
  });

export function open(version: Version, url: string, more: Record<string, unknown> = {}): ConnectorSession {
  const { connector, settings } = resolveSettings("erp", declared(version, url, more), {});
  return (connector as Connector).open(settings, {
    system: "erp",
    company: "main",
    now: () => timeFromEpochMs(Date.now()),
    http: createHttpClient({ connections: 8, timeoutMs: 2_000 }),
    log: () => undefined,
  });
}

let deliveries = 0;
export function outbound(type: OutboundType, key: string, payload: unknown): OutboundMessage {
  deliveries += 1;
  return { deliveryId: String(deliveries), type, key, payload, attempt: 1 };
}

const line = { description: "HOLDER “Ж”", unit: "EA", priceUnit: "1" };

/** Six of one, two of another, and freight. */
export const booking = (orderId: string, more: Partial<BookingPayload> = {}): OutboundMessage =>
  outbound("order.booking", `main/${orderId}`, {
    company: "main",
    orderId,
    channel: "portal",
    customer: { id: "17850", name: "A shop", country: "GB" },
    purchaseOrder: "PO-1",
    currency: "GBP",
    placedAt: "2026-11-24T09:30:00.000000Z",
    lines: [
      { ...line, lineId: "a", sku: "85123A", quantity: "6", price: "2.55" },
      { ...line, lineId: "b", sku: "22423", quantity: "2", price: "1275", priceUnit: "100" },
    ],
    charges: [{ chargeId: "post", kind: "freight", description: "", amount: "18" }],
    ...more,
  } satisfies BookingPayload);

export const issue = (
  movementId: string,
  orderId: string,
  quantity: string,
  more: Partial<MovementPayload> = {},
): OutboundMessage =>
  outbound("inventory.movement", movementId, {
    company: "main",
    movementId,
    sku: "85123A",
    location: "EAST",
    status: "available",
    quantity: `-${quantity}`,
    unit: "EA",
    reason: "issue",
    note: "",
    occurredAt: "2026-11-24T10:00:00.000000Z",
    document: "",
    order: { orderId, lineId: "a", shipmentId: "N1" },
    ...more,
  } satisfies MovementPayload);

export const call = () => ({ timeoutMs: 2_000, signal: new AbortController().signal });

export const send = async (session: ConnectorSession, message: OutboundMessage) =>
  (await session.writers[message.type]!.send([message], call()))[0]!;
