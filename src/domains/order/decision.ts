// A decision in the making: the order as it has become so far, and everything that is decided, sent and said.
// Every decided event of the order is evolved here at once, so that the next step sees what the last one did.
import { type Decimal, formatDecimal, ZERO } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import { type NewEvent, SELF } from "../event.ts";
import { orderKey, stockKey } from "../key.ts";
import type { Outbound } from "../outbound.ts";
import { noReaction, type Problem, type ProblemCode, type Reaction } from "../reaction.ts";
import type { OrderContext } from "./context.ts";
import type { OrderEventData, OrderEventType, orderDecisions } from "./contract.ts";
import { evolveOrder, type OrderOccurrence } from "./evolve.ts";
import type { Order } from "./state.ts";

type DecisionType = keyof typeof orderDecisions & OrderEventType;

/** A promise of units to a line, made or given back. `location` is empty for a backorder. */
export interface Promised {
  lineId: string;
  sku: string;
  location: string;
  quantity: Decimal;
  /** Given back since the place could not pick it: what it was said to hold. */
  doubted?: string;
  /** The place itself gave it up: when, by its clock. */
  freedAt?: Time;
}

export interface Said {
  /** Distinguishes problems of one code and order. */
  about?: string;
  title: string;
  detail?: Record<string, unknown>;
  moneyAtRisk?: Decimal;
}

export class Decision {
  /** Before the event; null where it made the order. */
  readonly before: Order | null;
  order: Order;
  readonly event: OrderOccurrence;
  readonly context: OrderContext;
  readonly key: string;
  readonly reaction: Reaction = noReaction();

  constructor(before: Order | null, after: Order, event: OrderOccurrence, context: OrderContext) {
    this.before = before;
    this.order = after;
    this.event = event;
    this.context = context;
    this.key = orderKey(after.company, after.orderId);
  }

  get now(): Time {
    return this.context.now;
  }

  decide<T extends DecisionType>(type: T, data: Omit<OrderEventData<T>, "orderId" | "company">): void {
    const decided = {
      type,
      source: SELF,
      company: this.order.company,
      key: this.key,
      time: this.now,
      data: { orderId: this.order.orderId, ...data },
    };
    this.reaction.decided.push(decided);
    this.order = evolveOrder(this.order, decided as unknown as OrderOccurrence);
  }

  /** `dueAt`: of the promise; absent where it is due now, or nobody knows when. `expiresAt`: it is only held. */
  reserve(promised: Promised, dueAt: Time | "", expiresAt?: Time): void {
    const { orderId, priority, channel } = this.order;
    this.stock("inventory.reserved", promised.sku, {
      sku: promised.sku,
      orderId,
      lineId: promised.lineId,
      location: promised.location,
      quantity: formatDecimal(promised.quantity),
      kind: expiresAt !== undefined ? "expiring" : promised.location === "" ? "backorder" : "firm",
      ...(expiresAt === undefined ? undefined : { expiresAt }),
      ...(dueAt === "" ? undefined : { dueAt }),
      ...(priority === 0 ? undefined : { priority }),
      // Only where somebody asks: a commitment a channel would make more of them for nothing.
      ...(this.context.stockPolicy.netting.includes(channel) ? { channel } : undefined),
    });
  }

  /** What is held becomes firm, or is held until another time. It stays reserved. */
  keep(
    promised: Promised,
    as: { kind: "firm"; dueAt: Time | "" } | { kind: "expiring"; expiresAt: Time },
  ): void {
    const { orderId, priority } = this.order;
    const { sku, lineId, location } = promised;
    const until =
      as.kind === "expiring" ? { expiresAt: as.expiresAt } : as.dueAt === "" ? {} : { dueAt: as.dueAt };
    this.stock("inventory.reservation.changed", sku, {
      sku,
      orderId,
      lineId,
      location,
      kind: as.kind,
      ...until,
      ...(priority === 0 ? undefined : { priority }),
    });
  }

  giveBack(promised: Promised, reason: "cancelled" | "expired" | "re-sourced"): void {
    this.stock("inventory.released", promised.sku, {
      sku: promised.sku,
      orderId: this.order.orderId,
      lineId: promised.lineId,
      location: promised.location,
      quantity: formatDecimal(promised.quantity),
      reason,
      ...(promised.freedAt === undefined ? undefined : { freedAt: promised.freedAt }),
    });
  }

  private stock(type: string, sku: string, data: unknown): void {
    const { company } = this.order;
    this.reaction.decided.push({
      type,
      source: SELF,
      company,
      key: stockKey(company, sku),
      time: this.now,
      data,
    });
  }

  /** A fact for a SKU, said by who said this one: ownership and clocks are its own. */
  follow(type: string, sku: string, time: Time, data: unknown): void {
    const { company } = this.order;
    const event: NewEvent = {
      type,
      source: this.event.source,
      company,
      key: stockKey(company, sku),
      time,
      data,
    };
    this.reaction.followUps.push(event);
  }

  send(outbound: Omit<Outbound, "lane">): void {
    this.reaction.outbound.push({ ...outbound, lane: this.key });
  }

  problem(code: ProblemCode, said: Said): void {
    const problem: Problem = {
      code,
      fingerprint: fingerprint(code, this.key, said.about),
      title: said.title,
      detail: { orderId: this.order.orderId, status: this.order.status, ...said.detail },
      system: this.event.source,
      key: this.key,
    };
    if (said.moneyAtRisk !== undefined && said.moneyAtRisk !== ZERO) {
      problem.moneyAtRisk = said.moneyAtRisk;
      problem.currency = this.order.currency;
    }
    this.reaction.problems.push(problem);
  }

  solve(code: ProblemCode, about?: string): void {
    this.reaction.solved.push(fingerprint(code, this.key, about));
  }
}

export const fingerprint = (code: ProblemCode, key: string, about?: string): string =>
  about === undefined ? `${code}/${key}` : `${code}/${key}@${about}`;
