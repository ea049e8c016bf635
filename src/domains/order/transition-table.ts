// docs/order-states.md, drawn from the state machine, so that the page and the program cannot differ.
import { type OrderEventType, orderFacts } from "./contract.ts";
import type { OrderStatus } from "./state.ts";
import { statuses } from "./status.ts";
import type { From, Transition } from "./transition.ts";
import { transitions } from "./transitions.ts";

const meanings: Record<OrderStatus, string> = {
  reserved: "stock is held for it until a time; nobody has submitted it",
  lapsed: "nothing is held any more, or was refused; nobody has submitted it",
  submitted: "received, and not decided about yet; never seen between two events",
  held: "somebody has to answer before it can be accepted",
  rejected: "not accepted, for good",
  accepted: "its stock is reserved, or waits as a backorder; the ledger has not booked it",
  booked: "in the ledger, and at no place that ships",
  released: "at least one place may ship, and nothing has",
  "partially-shipped": "something has shipped, something has not",
  shipped: "everything has shipped or is cancelled",
  delivered: "every shipment has arrived",
  invoiced: "everything that shipped, and every charge, is invoiced; it may still be on its way",
  closed: "invoiced, delivered, and nothing is promised any more",
  cancelled: "nothing shipped, and nothing will",
};

const kinds: Record<Transition["kind"], string> = {
  acts: "acts",
  problem: "recorded, with an exception",
  nothing: "no effect",
  never: "never decided",
};

export function transitionTableMarkdown(): string {
  const types = Object.keys(transitions) as OrderEventType[];
  const isFact = (type: string) => Object.hasOwn(orderFacts, type);
  return [
    "# The states of an order",
    "",
    "This page is drawn from `src/domains/order/fact-transitions.ts` and `decision-transitions.ts`; change it there, then run",
    "`npx vitest run src/domains/order/transition-table.test.ts --update`.",
    "",
    "A status is the furthest milestone that the whole order has reached; the figures of its lines say the rest.",
    "A fact is recorded whatever the status: what does not fit becomes an exception beside it. A decision is made",
    "only where this page allows it.",
    "",
    "| status | meaning |",
    "|---|---|",
    ...statuses.map((status) => `| ${status} | ${meanings[status]} |`),
    "",
    "## Facts",
    "",
    "What systems and people say. *Afterwards* counts the decisions that follow at once; where it is empty, the",
    "status stays.",
    "",
    ...types.filter(isFact).flatMap(section),
    "## Decisions",
    "",
    "What Crossdock itself makes true, in the transaction that records it. `order.reservation.due` is said by the",
    "schedule; `order.reallocation.due` by the schedule, by supply that came, or by a date that was reached.",
    "",
    ...types.filter((type) => !isFact(type)).flatMap(section),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

function section(type: OrderEventType): string[] {
  return [
    `### \`${type}\``,
    "",
    "| in | effect | afterwards | exceptions | |",
    "|---|---|---|---|---|",
    ...transitions[type].map(row),
    "",
  ];
}

function row({ from, kind, to = [], problems = [], why }: Transition): string {
  const cells = [
    from.map(nameOf).join(", "),
    kinds[kind],
    to.join(", "),
    problems.map((code) => `\`${code}\``).join(", "),
    why,
  ];
  return `| ${cells.join(" | ")} |`;
}

const nameOf = (from: From): string => (from === "none" ? "*no such order*" : from);
