// Where Crossdock may decide what about an order, and where that leads.
import type { orderDecisions } from "./contract.ts";
import {
  ACCEPTED,
  COMPLETE,
  DONE,
  LIVE,
  NEW,
  NOT_ACCEPTED,
  never,
  nothing,
  SHIPPING,
  type Transition,
  UNDECIDED,
  UNKNOWN,
  UNSHIPPED,
} from "./transition.ts";

export const decisionTransitions: Record<keyof typeof orderDecisions, readonly Transition[]> = {
  "order.reservation.due": [
    {
      from: ["reserved"],
      kind: "acts",
      to: ["reserved", "lapsed"],
      why: "what is held is free again, unless it was prolonged meanwhile",
    },
    { from: UNDECIDED, kind: "acts", why: "what is still held for it is free again" },
    nothing(
      "nothing is held: what was is the order's own, or was given back",
      "lapsed",
      "rejected",
      ...ACCEPTED,
    ),
    { from: ["none"], kind: "problem", problems: ["order.unknown"], why: "nothing was held" },
  ],
  "order.reserved": [
    { from: ["reserved", "lapsed"], kind: "acts", to: ["reserved"], why: "all of it is held until its time" },
    never("none", ...NOT_ACCEPTED, ...ACCEPTED),
  ],
  "order.reservation.refused": [
    { from: ["reserved", "lapsed"], kind: "acts", why: "what was held before stands" },
    never("none", ...NOT_ACCEPTED, ...ACCEPTED),
  ],
  "order.reservation.ended": [
    { from: ["reserved"], kind: "acts", to: ["lapsed"], why: "given back, or its time is over" },
    { from: UNDECIDED, kind: "acts", why: "given back, or its time is over; the order goes on without it" },
    never("none", "lapsed", "rejected", ...ACCEPTED),
  ],
  "order.reallocation.due": [
    {
      from: ["accepted", "booked", "released"],
      kind: "acts",
      to: ["accepted", "booked", "released"],
      problems: ["inventory.shortfall", "order.unit-unknown"],
      why: "what became available is promised, and released where the order is booked",
    },
    {
      from: SHIPPING,
      kind: "acts",
      problems: ["inventory.shortfall", "order.unit-unknown"],
      why: "what became available is promised and released",
    },
    nothing("nothing waits for stock", ...NOT_ACCEPTED, ...COMPLETE, ...DONE),
    UNKNOWN,
  ],
  "order.accepted": [
    {
      from: ["submitted"],
      kind: "acts",
      to: ["accepted", "booked", "partially-shipped", ...COMPLETE],
      why: "further than accepted where facts came first",
    },
    never(...NEW, "held", "rejected", ...ACCEPTED),
  ],
  "order.held": [
    { from: ["submitted"], kind: "acts", to: ["held"], why: "somebody has to answer" },
    never(...NEW, "held", "rejected", ...ACCEPTED),
  ],
  "order.rejected": [
    { from: ["submitted"], kind: "acts", to: ["rejected"], why: "not enough stock, where policy rejects" },
    never(...NEW, "held", "rejected", ...ACCEPTED),
  ],
  "order.allocated": [
    { from: LIVE, kind: "acts", why: "promises change, what is released does not" },
    never(...NEW, ...NOT_ACCEPTED, ...DONE),
  ],
  "order.released": [
    { from: ["accepted", "booked"], kind: "acts", to: ["released"], why: "a place may ship" },
    { from: ["released", ...SHIPPING], kind: "acts", why: "one more place, or once more" },
    never(...NEW, ...NOT_ACCEPTED, ...COMPLETE, ...DONE),
  ],
  "order.lines.cancelled": [
    { from: [...UNDECIDED, ...UNSHIPPED], kind: "acts", why: "units that will not ship" },
    {
      from: SHIPPING,
      kind: "acts",
      to: [...SHIPPING, ...COMPLETE],
      why: "the rest has shipped",
    },
    never(...NEW, "rejected", ...COMPLETE, ...DONE),
  ],
  "order.cancellation.asked": [
    {
      from: ["released", ...SHIPPING, ...COMPLETE],
      kind: "acts",
      why: "nothing is free before the place answers",
    },
    never(...NEW, ...NOT_ACCEPTED, "accepted", "booked", ...DONE),
  ],
  "order.cancelled": [
    {
      from: [...UNDECIDED, ...UNSHIPPED],
      kind: "acts",
      to: ["cancelled"],
      why: "nothing shipped and nothing will",
    },
    never(...NEW, "rejected", ...SHIPPING, ...COMPLETE, ...DONE),
  ],
  "order.closed": [
    {
      from: ["invoiced"],
      kind: "acts",
      to: ["closed"],
      why: "all shipped or cancelled, invoiced and delivered",
    },
    never(...NEW, ...NOT_ACCEPTED, ...UNSHIPPED, ...SHIPPING, "shipped", "delivered", ...DONE),
  ],
};
