// The order's state machine as data: what may follow which event in which status. `evolveOrder` keeps to it,
// docs/order-states.md is drawn from it, and a test tries every cell.
import type { OrderEventType } from "./contract.ts";
import { decisionTransitions } from "./decision-transitions.ts";
import { factTransitions } from "./fact-transitions.ts";
import type { From, Transition } from "./transition.ts";

export const transitions: Record<OrderEventType, readonly Transition[]> = {
  ...factTransitions,
  ...decisionTransitions,
};

const byType: ReadonlyMap<string, ReadonlyMap<From, Transition>> = new Map(
  Object.entries(transitions).map(([type, rows]) => [
    type,
    new Map(rows.flatMap((row) => row.from.map((from): [From, Transition] => [from, row]))),
  ]),
);

export function transitionOf(from: From, type: OrderEventType): Transition | undefined {
  return byType.get(type)?.get(from);
}
