// A record as a message: a text that a person can read, and the record itself as a JSON document.
import { createHash } from "node:crypto";
import {
  type ConnectorContext,
  epochMs,
  type OutboundMessage,
  outboundKinds,
} from "../../connector/index.ts";
import { missingDriver, SENDING } from "./driver.ts";
import type { OutboxSettings } from "./settings.ts";

export interface Composed {
  /** With its angle brackets. */
  messageId: string;
  bytes: Buffer;
}

/**
 * The same for every attempt, and of a document for every delivery: who gets it twice can tell, and where it was kept
 * it is found. Of what changes under one key, such as a level, it is the delivery's.
 */
export function messageIdOf(system: string, { from }: OutboxSettings, message: OutboundMessage): string {
  const { deliveryId, type, key } = message;
  const about = createHash("sha256").update(`${system}\n${type}\n${key}`).digest("hex").slice(0, 40);
  const left = outboundKinds[type].merge === "newest" ? `${about}.${deliveryId}` : about;
  return `<crossdock.${left}@${from.slice(from.lastIndexOf("@") + 1)}>`;
}

export async function compose(
  { system, now }: Pick<ConnectorContext, "system" | "now">,
  outbox: OutboxSettings,
  message: OutboundMessage,
): Promise<Composed> {
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer").catch(
    missingDriver(SENDING),
  );
  const { deliveryId, type, key, payload } = message;
  const messageId = messageIdOf(system, outbox, message);
  const record = JSON.stringify({ id: deliveryId, type, key, data: payload });
  const bytes = await new MailComposer({
    from: outbox.from,
    to: outbox.to,
    subject: `${type} ${key}`,
    messageId,
    date: new Date(epochMs(now())),
    // Nobody's holiday answers it.
    headers: { "Auto-Submitted": "auto-generated" },
    text: textOf(message),
    attachments: [
      {
        filename: `${type}.json`,
        content: Buffer.from(record),
        contentType: "application/json",
      },
    ],
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
  return { messageId, bytes };
}

function textOf({ type, key, payload }: OutboundMessage): string {
  return [`${type} ${key}`, "", ...linesOf(payload, ""), "", "The attached document says the same."].join(
    "\n",
  );
}

/** `name: value`, an indent a level, a dash before each element of a list. */
function linesOf(value: unknown, indent: string): string[] {
  return Object.entries(value as object).flatMap(([name, inner]) => {
    const label = Array.isArray(value) ? `${indent}-` : `${indent}${name}:`;
    if (inner === null || inner === "") return [];
    return typeof inner === "object" ? [label, ...linesOf(inner, `${indent}  `)] : [`${label} ${inner}`];
  });
}
