// Whether a webhook proves who sends it. A connector that takes a request without any signature cannot tell, and
// then an API key has to; nobody has to declare it.
import type { Webhook } from "../../connector/contract.ts";

const PROBED_AT = "2000-01-01T00:00:00.000000Z";

export function webhookAccess(webhookOf: (system: string, topic: string) => Webhook | undefined) {
  const known = new WeakMap<Webhook, "signature" | "key">();
  return (system: string, topic: string): "signature" | "key" | undefined => {
    const webhook = webhookOf(system, topic);
    if (webhook === undefined) return undefined;
    const access = known.get(webhook) ?? (takesUnsigned(webhook) ? "key" : "signature");
    known.set(webhook, access);
    return access;
  };
}

function takesUnsigned(webhook: Webhook): boolean {
  try {
    webhook.verify({}, Buffer.alloc(0), PROBED_AT);
    return true;
  } catch {
    // Whatever it says, it does not take a request that nobody signed.
    return false;
  }
}
