// EAST's webhooks: one subscriber, signed with HMAC-SHA256 over "timestamp.body", tried four times
// within a few seconds. What is not taken by then is not sent again; it stays in GET /api/events.

import { createHmac } from "node:crypto";
import { credentials } from "../credentials.ts";
import type { Agenda } from "../simulation/agenda.ts";
import type { FaultSwitch } from "../simulation/faults.ts";
import { type Fields, optionalText, text } from "../simulation/fields.ts";
import { WebhookSender } from "../simulation/webhook-sender.ts";
import type { EastEvent } from "./shapes.ts";

const RETRY_AFTER_MS = [200, 1000, 3000];

function eastSignature(secret: string, timestamp: number, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}

export class Subscription {
  readonly sender: WebhookSender;
  private target: { url: string; secret: string } | undefined;

  constructor(timeoutMs: () => number, faults: FaultSwitch, agenda: Agenda) {
    const rule = {
      concurrencyMax: 8,
      timeoutMs,
      retryAfterMs: (attempts: number) => RETRY_AFTER_MS[attempts - 1],
    };
    this.sender = new WebhookSender(rule, faults, agenda);
  }

  set(fields: Fields): { url: string } {
    this.target = {
      url: text(fields, "url"),
      secret: optionalText(fields, "secret") ?? credentials.east.webhookSecret,
    };
    return { url: this.target.url };
  }

  get(): { url: string | null } {
    return { url: this.target?.url ?? null };
  }

  clear(): void {
    this.target = undefined;
    this.sender.clear();
  }

  send(event: EastEvent): void {
    const { target } = this;
    if (!target) return;
    this.sender.send({
      url: target.url,
      body: JSON.stringify(event),
      headers: (body) => {
        const timestamp = Math.floor(Date.now() / 1000);
        return {
          "x-east-signature": `t=${timestamp},v1=${eastSignature(target.secret, timestamp, body)}`,
          "x-east-event": event.type,
          "x-east-delivery": event.id,
        };
      },
    });
  }
}
