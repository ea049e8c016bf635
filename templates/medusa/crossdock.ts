// Tells Crossdock that an order was placed or changed, so that it reads that order. Copy this file to
// src/subscribers/crossdock.ts of the Medusa project and set the two variables below in its environment.
// What is lost, because Medusa ends or Crossdock cannot be reached, is read by Crossdock's next poll.
import { createHmac, randomUUID } from "node:crypto";

/** Such as https://crossdock.example/system/v1/portal/webhooks/events */
const address = process.env.CROSSDOCK_WEBHOOK_URL;
/** The connector's `webhookSecret`. */
const secret = process.env.CROSSDOCK_WEBHOOK_SECRET;

const TIMEOUT_MS = 10_000;

interface Happened {
  event: { name: string; data: { id?: string; order_id?: string } };
}

export default async function tellCrossdock({ event: { name, data } }: Happened): Promise<void> {
  const order = data.order_id ?? data.id;
  if (!address || !secret || order === undefined) return;
  const id = randomUUID();
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = JSON.stringify({ name, data: { id: order } });
  const signature = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
  const answer = await fetch(address, {
    method: "POST",
    headers,
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`Crossdock answers ${answer.status} to ${name}.`);
}

export const config = {
  event: ["order.placed", "order.updated", "order.canceled", "order-edit.confirmed"],
};
