// One row of the order's state machine, and the stages of an order's life that its rows speak of.
import type { ProblemCode } from "../reaction.ts";
import type { OrderStatus } from "./state.ts";

/** `none`: no such order. */
export type From = OrderStatus | "none";

export interface Transition {
  from: readonly From[];
  /**
   * `acts`: it changes the order, with what is decided about it. `problem`: recorded with an exception, the status
   * stays. `nothing`: declared to have no effect. `never`: this is not decided in such a status.
   */
  kind: "acts" | "problem" | "nothing" | "never";
  /** Where the order may be afterwards, decisions included. Absent: where it was. */
  to?: readonly OrderStatus[];
  /** Exceptions that may come of it. */
  problems?: readonly ProblemCode[];
  why: string;
}

export const UNDECIDED = ["submitted", "held"] as const;
export const UNSHIPPED = ["accepted", "booked", "released"] as const;
export const SHIPPING = ["partially-shipped"] as const;
export const COMPLETE = ["shipped", "delivered", "invoiced"] as const;
export const LIVE = [...UNSHIPPED, ...SHIPPING, ...COMPLETE] as const;
export const DONE = ["closed", "cancelled"] as const;
export const ACCEPTED = [...LIVE, ...DONE] as const;
export const FROM_COMPLETE_ON = [...COMPLETE, "closed"] as const;
/** Nobody has submitted it. */
export const NEW: readonly From[] = ["none", "reserved", "lapsed"];
export const UNKNOWN: Transition = {
  from: NEW,
  kind: "problem",
  problems: ["order.unknown"],
  why: "nobody has submitted it",
};
export const NOT_ACCEPTED: readonly From[] = ["submitted", "held", "rejected"];

export const never = (...from: From[]): Transition => ({ from, kind: "never", why: "not decided here" });
export const nothing = (why: string, ...from: From[]): Transition => ({ from, kind: "nothing", why });
