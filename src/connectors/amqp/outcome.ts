// What the broker's words, or its silence, mean for a record.
import type { Answer, CrossdockError } from "../../connector/index.ts";
import type { AmqpSettings } from "./settings.ts";

/** Nothing of the record left. */
export function notSent({ code, message }: CrossdockError): Answer {
  return { kind: code === "amqp.denied" ? "denied" : "ill", reason: message };
}

export function confirmed(returned: string | undefined): Answer {
  if (returned === undefined) return { kind: "done" };
  const reason = `No queue takes it: the broker gave it back with ${returned}.`;
  return { kind: "refused", code: "amqp.unroutable", reason };
}

/** A queue that is full refuses, while another one may have taken it. */
export function notTaken({ write }: AmqpSettings): Answer {
  const reason = "The broker did not take it: a queue is full, or not well.";
  return write === "none" ? { kind: "unknown", reason } : { kind: "busy", reason };
}

/**
 * The channel ended before the broker confirmed. Why it did is said of the only record that was under way; where there
 * were several, those before the one that is meant may have been taken.
 */
export function unconfirmed(error: Error, isOnlyOne: boolean): Answer {
  const { code } = error as { code?: number };
  const reason = error.message;
  if (!isOnlyOne) return { kind: "unknown", reason };
  if (code === 403) return { kind: "denied", reason };
  if (code === 404) return { kind: "ill", reason };
  // The broker's own limit of a message's length is lower than ours.
  if (code === 406 && /message size/.test(reason)) return { kind: "refused", code: "amqp.too-long", reason };
  return { kind: "unknown", reason };
}
