// Milestones that an order should reach, and by when. Pure: says which deadlines begin and which are met.
import { addMs, type Time } from "../../core/time.ts";
import type { Problem, TaskRequest } from "../reaction.ts";
import type { Order, OrderStatus } from "./state.ts";

export type MilestoneName = "order.booked" | "order.shipped" | "order.delivered" | "order.invoiced";

export interface MilestonePolicy {
  withinMs: number;
  warnBeforeMs: number;
}
export type SlaPolicy = Partial<Record<MilestoneName, MilestonePolicy>>;

const RANK: Record<OrderStatus, number> = {
  reserved: 0,
  lapsed: 0,
  submitted: 0,
  held: 0,
  rejected: 9,
  cancelled: 9,
  accepted: 1,
  booked: 2,
  released: 3,
  "partially-shipped": 4,
  shipped: 5,
  delivered: 6,
  invoiced: 7,
  closed: 8,
};

/** From which status a milestone is waited for, and what meets it. */
const MILESTONES: Record<MilestoneName, { from: number; met(order: Order): boolean }> = {
  "order.booked": { from: RANK.accepted, met: (order) => order.booking !== null },
  "order.shipped": { from: RANK.accepted, met: (order) => RANK[order.status] >= RANK.shipped },
  "order.delivered": {
    from: RANK.shipped,
    met: (order) => order.shipments.length > 0 && order.shipments.every((s) => s.deliveredAt !== ""),
  },
  "order.invoiced": {
    from: RANK.shipped,
    met: (order) =>
      order.lines.every((line) => line.invoiced >= line.shipped) && RANK[order.status] >= RANK.shipped,
  },
};

const over = (order: Order) =>
  order.status === "cancelled" || order.status === "rejected" || order.status === "closed";
export const milestoneMet = (name: MilestoneName, order: Order): boolean =>
  over(order) || MILESTONES[name].met(order);
const waited = (name: MilestoneName, order: Order | null): boolean =>
  order !== null && RANK[order.status] >= MILESTONES[name].from && !milestoneMet(name, order);

export const milestoneFingerprint = (name: MilestoneName, orderKey: string): string =>
  `milestone.missed/${name}/${orderKey}`;

/** Deadlines that an order's change begins or ends. */
export function expectMilestones(
  orderKey: string,
  before: Order | null,
  after: Order | null,
  sla: SlaPolicy,
  now: Time,
): { tasks: TaskRequest[]; solved: string[] } {
  const tasks: TaskRequest[] = [];
  const solved: string[] = [];
  for (const name of Object.keys(sla) as MilestoneName[]) {
    const policy = sla[name]!;
    const was = waited(name, before);
    const is = waited(name, after);
    const key = `${name}|${orderKey}`;
    if (!was && is) {
      const deadline = addMs(now, policy.withinMs);
      tasks.push({
        kind: "milestone",
        key,
        dueAt: addMs(deadline, -policy.warnBeforeMs),
        payload: { deadline, phase: "warning" },
      });
    }
    if (was && !is) {
      tasks.push({ kind: "milestone", key });
      solved.push(milestoneFingerprint(name, orderKey));
    }
  }
  return { tasks, solved };
}

/** A deadline is near (`warning`) or has passed (`breach`). */
export function missedMilestone(
  name: MilestoneName,
  orderKey: string,
  order: Order,
  phase: "warning" | "breach",
  deadline: Time,
): Problem {
  return {
    code: "milestone.missed",
    fingerprint: milestoneFingerprint(name, orderKey),
    title:
      phase === "warning"
        ? `${order.orderId} should reach ${name} by ${deadline} and has not yet`
        : `${order.orderId} should have reached ${name} by ${deadline}`,
    detail: { milestone: name, phase, deadline, status: order.status },
    key: orderKey,
  };
}
