// The state of Tradefront. It pushes what buyers do until the subscriber has acknowledged it; order of
// arrival is not promised. It sells whatever it is asked for, whether it shows stock or not.

import { randomUUID } from "node:crypto";
import { credentials } from "../credentials.ts";
import { Agenda } from "../simulation/agenda.ts";
import type { FaultSwitch } from "../simulation/faults.ts";
import { WebhookSender } from "../simulation/webhook-sender.ts";
import type { PortalOrder, PortalRequest, SellableRow } from "./records.ts";

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5000;

export type PushEvent = "order.placed" | "order.cancelRequested" | "return.requested";

export class Shop {
  readonly faults: FaultSwitch;
  readonly agenda: Agenda;
  readonly sender: WebhookSender;
  readonly orders = new Map<string, PortalOrder>();
  readonly cancelRequests: PortalRequest[] = [];
  readonly returnRequests: PortalRequest[] = [];
  readonly sellable = new Map<string, SellableRow>();
  subscriber: { url: string } | undefined;
  private orderCount = 0;
  private requestCount = 0;

  constructor(faults: FaultSwitch) {
    this.faults = faults;
    this.agenda = new Agenda(() => faults.active("down") !== undefined);
    const rule = {
      concurrencyMax: 8,
      timeoutMs: () => 10_000,
      retryAfterMs: (attempts: number) => Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (attempts - 1)),
    };
    this.sender = new WebhookSender(rule, faults, this.agenda);
  }

  clear(): void {
    this.agenda.clear();
    this.sender.clear();
    this.orders.clear();
    this.cancelRequests.length = 0;
    this.returnRequests.length = 0;
    this.sellable.clear();
    this.subscriber = undefined;
    this.orderCount = 0;
    this.requestCount = 0;
  }

  nextOrderNo(): string {
    this.orderCount += 1;
    return `TF-${String(this.orderCount).padStart(7, "0")}`;
  }

  nextRequestNo(prefix: "CR" | "RR"): string {
    this.requestCount += 1;
    return `${prefix}-${String(this.requestCount).padStart(6, "0")}`;
  }

  /** Without a subscriber nothing is pushed; what waited is pushed to the first that comes. */
  push(event: PushEvent, subject: PortalOrder | PortalRequest): void {
    if (!this.subscriber) return;
    const body = {
      event,
      deliveryId: randomUUID(),
      [event === "order.placed" ? "order" : "request"]: { ...subject, acknowledged: undefined },
    };
    this.sender.send({
      url: this.subscriber.url,
      body: JSON.stringify(body),
      headers: () => ({ "x-tradefront-token": credentials.portal.webhookToken, "x-tradefront-event": event }),
      onDelivered: () => {
        subject.acknowledged = true;
      },
    });
  }

  subscribe(url: string): void {
    this.sender.clear();
    this.subscriber = { url };
    for (const order of this.orders.values()) if (!order.acknowledged) this.push("order.placed", order);
    for (const request of this.cancelRequests) {
      if (!request.acknowledged) this.push("order.cancelRequested", request);
    }
    for (const request of this.returnRequests)
      if (!request.acknowledged) this.push("return.requested", request);
  }
}
