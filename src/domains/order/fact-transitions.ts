// What may follow what systems and people say of an order. A fact is recorded in every status.
import type { orderFacts } from "./contract.ts";
import type { OrderStatus } from "./state.ts";
import {
  ACCEPTED,
  COMPLETE,
  DONE,
  FROM_COMPLETE_ON,
  LIVE,
  NEW,
  NOT_ACCEPTED,
  nothing,
  SHIPPING,
  type Transition,
  UNDECIDED,
  UNKNOWN,
  UNSHIPPED,
} from "./transition.ts";

/** Given back, by refusal, short pick or agreed cancellation: elsewhere, backordered or cancelled. */
const GIVEN_BACK: readonly Transition[] = [
  { from: ["accepted", "booked"], kind: "problem", problems: ["event.conflict"], why: "nothing is released" },
  {
    from: ["released"],
    kind: "acts",
    to: ["accepted", "booked", "released", "cancelled"],
    problems: ["order.release-refused", "inventory.shortfall", "event.conflict"],
    why: "re-sourced, backordered or, where that was asked, cancelled",
  },
  {
    from: SHIPPING,
    kind: "acts",
    to: [...SHIPPING, ...FROM_COMPLETE_ON],
    problems: ["order.release-refused", "inventory.shortfall", "event.conflict"],
    why: "re-sourced, backordered or, where that was asked, cancelled",
  },
  {
    from: COMPLETE,
    kind: "acts",
    to: FROM_COMPLETE_ON,
    problems: ["order.release-refused", "event.conflict"],
    why: "units that another place shipped are let go",
  },
  {
    from: [...DONE, ...NOT_ACCEPTED],
    kind: "problem",
    problems: ["event.conflict"],
    why: "nothing is released",
  },
  UNKNOWN,
];

const CANCELLING: readonly Transition[] = [
  {
    from: UNDECIDED,
    kind: "acts",
    to: [...UNDECIDED, "cancelled"],
    problems: ["order.cancellation-refused"],
    why: "cancelled at once",
  },
  {
    from: UNSHIPPED,
    kind: "acts",
    to: [...UNSHIPPED, "cancelled"],
    problems: ["order.cancellation-refused"],
    why: "cancelled at once, except what a place holds: it is asked",
  },
  {
    from: SHIPPING,
    kind: "acts",
    to: [...SHIPPING, ...FROM_COMPLETE_ON],
    problems: ["order.cancellation-refused"],
    why: "what is left is cancelled, or its place asked",
  },
  {
    from: FROM_COMPLETE_ON,
    kind: "problem",
    problems: ["order.cancellation-refused"],
    why: "the goods are gone; they can come back as a return",
  },
  nothing("nothing is left", "rejected", "cancelled"),
  UNKNOWN,
];

const ANSWERS: readonly OrderStatus[] = ["accepted", "booked", "released", "held", "rejected"];

export const factTransitions: Record<keyof typeof orderFacts, readonly Transition[]> = {
  "order.reservation.requested": [
    {
      from: ["none", "lapsed"],
      kind: "acts",
      to: ["reserved", "lapsed"],
      why: "all of it is held, or it is refused",
    },
    {
      from: ["reserved"],
      kind: "acts",
      problems: ["order.duplicate-suspected"],
      why: "held anew, or refused: then what was held stands; another channel's hold is not taken over",
    },
    nothing("it has been submitted: its stock is the order's own", ...NOT_ACCEPTED, ...ACCEPTED),
  ],
  "order.reservation.withdrawn": [
    { from: ["reserved"], kind: "acts", to: ["lapsed"], why: "what is held is free again" },
    { from: UNDECIDED, kind: "acts", why: "what is still held for it is free again" },
    nothing("nothing is held", "lapsed", "rejected", ...ACCEPTED),
    { from: ["none"], kind: "problem", problems: ["order.unknown"], why: "nothing was held" },
  ],
  "order.submitted": [
    {
      from: NEW,
      kind: "acts",
      to: ANSWERS,
      problems: ["order.no-customer", "order.bad-row", "order.unit-unknown", "order.duplicate-suspected"],
      why: "accepted and allocated, held or rejected; released at once where it need not be booked; stock that was held for it becomes its own",
    },
    {
      from: ["held"],
      kind: "acts",
      to: ANSWERS,
      problems: [
        "order.no-customer",
        "order.bad-row",
        "order.unit-unknown",
        "order.duplicate-suspected",
        "event.conflict",
      ],
      why: "a corrected submission of the same channel replaces it; another channel's does not",
    },
    {
      from: ["submitted", "rejected", ...ACCEPTED],
      kind: "problem",
      problems: ["order.duplicate-suspected", "event.conflict"],
      why: "the same again has no effect; another channel's, or another content, is a problem",
    },
  ],
  "order.booked": [
    {
      from: ["accepted"],
      kind: "acts",
      to: ["booked", "released"],
      why: "booked; released where stock is promised",
    },
    {
      from: [
        "booked",
        "released",
        "partially-shipped",
        "shipped",
        "delivered",
        "invoiced",
        "closed",
        "cancelled",
      ],
      kind: "acts",
      problems: ["event.conflict"],
      why: "the same document confirms, another one is a problem",
    },
    {
      from: NOT_ACCEPTED,
      kind: "problem",
      problems: ["event.conflict"],
      why: "booked without being accepted",
    },
    UNKNOWN,
  ],
  "order.booking.refused": [
    {
      from: LIVE,
      kind: "problem",
      problems: ["order.booking-refused", "event.conflict"],
      why: "reservations stand; somebody has to see to it",
    },
    nothing("there is nothing to book", ...NOT_ACCEPTED, ...DONE),
    UNKNOWN,
  ],
  "order.release.confirmed": [
    {
      from: ["released", ...SHIPPING, ...COMPLETE, ...DONE],
      kind: "acts",
      problems: ["event.conflict"],
      why: "the place took it; its figures net these units from now on",
    },
    {
      from: [...NOT_ACCEPTED, "accepted", "booked"],
      kind: "problem",
      problems: ["event.conflict"],
      why: "nothing is released there",
    },
    UNKNOWN,
  ],
  "order.release.refused": GIVEN_BACK,
  "order.pick.short": GIVEN_BACK,
  "order.cancellation.requested": CANCELLING,
  "order.cancellation.confirmed": GIVEN_BACK,
  "order.cancellation.refused": [
    {
      from: [...NOT_ACCEPTED, ...ACCEPTED],
      kind: "problem",
      problems: ["order.cancellation-refused"],
      why: "the units stay where they are, and will ship",
    },
    UNKNOWN,
  ],
  "order.row.rejected": [
    {
      from: [...NEW, ...NOT_ACCEPTED, ...ACCEPTED],
      kind: "problem",
      problems: ["order.bad-row"],
      why: "a person looks at the row",
    },
  ],
  "order.hold.released": [
    {
      from: ["held"],
      kind: "acts",
      to: [...ANSWERS, ...SHIPPING, ...FROM_COMPLETE_ON],
      problems: ["order.no-customer", "order.bad-row", "order.unit-unknown", "order.duplicate-suspected"],
      why: "checked again and accepted, unless something else is wrong; further where goods have shipped already",
    },
    nothing("it is not held", "submitted", "rejected", ...ACCEPTED),
    UNKNOWN,
  ],
  "shipment.shipped": [
    {
      from: UNSHIPPED,
      kind: "acts",
      to: [...UNSHIPPED, ...SHIPPING, ...FROM_COMPLETE_ON],
      problems: ["shipment.over-shipped", "shipment.after-cancel", "event.conflict"],
      why: "a goods issue per line; more than was ordered, or other goods, are recorded apart",
    },
    {
      from: SHIPPING,
      kind: "acts",
      to: [...SHIPPING, ...FROM_COMPLETE_ON],
      problems: ["shipment.over-shipped", "shipment.after-cancel", "event.conflict"],
      why: "a goods issue per line; more than was ordered, or other goods, are recorded apart",
    },
    {
      from: COMPLETE,
      kind: "acts",
      to: FROM_COMPLETE_ON,
      problems: ["shipment.over-shipped", "shipment.after-cancel", "event.conflict"],
      why: "only more than was ordered can still ship",
    },
    {
      from: ["closed", "cancelled", "rejected", "submitted", "held"],
      kind: "problem",
      problems: ["shipment.over-shipped", "shipment.after-cancel", "event.conflict"],
      why: "the goods moved all the same; never invoiced by itself",
    },
    { from: NEW, kind: "problem", problems: ["shipment.order-unknown"], why: "the goods moved all the same" },
  ],
  "shipment.delivered": [
    {
      from: COMPLETE,
      kind: "acts",
      to: FROM_COMPLETE_ON,
      problems: ["shipment.order-unknown"],
      why: "delivered once every shipment is",
    },
    {
      from: [...NOT_ACCEPTED, ...UNSHIPPED, ...SHIPPING, ...DONE],
      kind: "acts",
      problems: ["shipment.order-unknown"],
      why: "kept with its shipment, also where that is not known yet",
    },
    UNKNOWN,
  ],
  "invoice.posted": [
    {
      from: COMPLETE,
      kind: "acts",
      to: FROM_COMPLETE_ON,
      problems: ["invoice.differs"],
      why: "compared line by line; closed once everything is invoiced and delivered",
    },
    {
      from: [...UNSHIPPED, ...SHIPPING, ...DONE, ...NOT_ACCEPTED],
      kind: "acts",
      problems: ["invoice.differs"],
      why: "compared line by line with what shipped",
    },
    UNKNOWN,
  ],
  "return.requested": [
    {
      from: UNDECIDED,
      kind: "acts",
      to: [...UNDECIDED, "cancelled"],
      problems: ["return.over-quantity", "return.unmatched"],
      why: "what has not shipped is cancelled instead",
    },
    {
      from: UNSHIPPED,
      kind: "acts",
      to: [...UNSHIPPED, "cancelled"],
      problems: ["return.over-quantity", "return.unmatched"],
      why: "what has not shipped is cancelled instead, or its place asked",
    },
    {
      from: [...SHIPPING, ...COMPLETE],
      kind: "acts",
      to: [...SHIPPING, ...FROM_COMPLETE_ON],
      problems: ["return.over-quantity", "return.unmatched"],
      why: "the place that shipped is told; what has not shipped is cancelled instead",
    },
    {
      from: ["rejected", ...DONE],
      kind: "acts",
      problems: ["return.over-quantity", "return.unmatched"],
      why: "what shipped can come back",
    },
    { from: NEW, kind: "problem", problems: ["return.unmatched"], why: "nobody has submitted it" },
  ],
  "return.received": [
    {
      from: COMPLETE,
      kind: "acts",
      to: FROM_COMPLETE_ON,
      problems: ["return.over-quantity", "return.unmatched"],
      why: "a movement into held stock",
    },
    {
      from: [...NOT_ACCEPTED, ...UNSHIPPED, ...SHIPPING, ...DONE],
      kind: "acts",
      problems: ["return.over-quantity", "return.unmatched"],
      why: "a movement into held stock",
    },
    { from: NEW, kind: "problem", problems: ["return.unmatched"], why: "the goods came all the same" },
  ],
};
