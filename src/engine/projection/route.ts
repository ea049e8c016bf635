// From canonical messages to deliveries: flows decide which systems hear of each.
import { type Outbound, outboundKinds } from "../../domains/outbound.ts";
import { route } from "../../policy/routing.ts";
import type { NewDelivery } from "../../store/delivery.ts";
import type { Rules } from "./rules.ts";

export interface CausedOutbound {
  outbound: Outbound;
  causeSeq: number;
  correlationId?: string | undefined;
}

export function routeAll(rules: Rules, messages: readonly CausedOutbound[]): NewDelivery[] {
  const rows: NewDelivery[] = [];
  for (const { outbound, causeSeq, correlationId } of messages) {
    const routes = route(rules.routes, outbound);
    if (routes.length === 0) continue;
    const kind = outboundKinds[outbound.type];
    const payload = JSON.stringify(outbound.payload);
    for (const { target, flow } of routes) {
      rows.push({
        target,
        flow,
        lane: outbound.lane,
        class: kind.class,
        type: outbound.type,
        key: outbound.key,
        merge: kind.merge === "newest",
        causeSeq,
        correlationId,
        requires: outbound.requires,
        payload,
      });
    }
  }
  return rows;
}
