// A second submission under one order number: the same again is a confirmation; another channel's, or another
// content, changes nothing and is for a person to see.
import type { OrderSubmitted } from "./contract.ts";
import type { Decision } from "./decision.ts";
import { openValue } from "./money.ts";
import { saysTheSame } from "./submission.ts";

export function decideResubmission(d: Decision, data: OrderSubmitted): void {
  const { order, event } = d;
  if (event.source !== order.channel) {
    d.problem("order.duplicate-suspected", {
      about: event.source,
      title: `${event.source} submitted order ${order.orderId}, which ${order.channel} submitted before.`,
      detail: { channel: order.channel, other: event.source, submission: data },
      moneyAtRisk: openValue(order),
    });
  } else if (!saysTheSame(order, data)) {
    d.problem("event.conflict", {
      about: "submission",
      title: `${event.source} submitted order ${order.orderId} again with other content.`,
      detail: { submission: data },
      moneyAtRisk: openValue(order),
    });
  }
}
