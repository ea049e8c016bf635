// Facts about an order that nobody has submitted: recorded with a problem. Goods that moved have moved all the same.
import { formatDecimal, parseDecimal } from "../../core/decimal.ts";
import { CrossdockError } from "../../core/errors.ts";
import { isCurrency } from "../../core/money.ts";
import { parseTime } from "../../core/time.ts";
import { orderKey } from "../key.ts";
import { noReaction, type Problem, type ProblemCode, type Reaction } from "../reaction.ts";
import { fingerprint } from "./decision.ts";
import type { OrderOccurrence } from "./evolve.ts";
import { type GoodsMoved, goodsIssue, goodsReturn } from "./goods-movement.ts";
import { type OwnUnits, sumStated } from "./lines.ts";

const NOTE = "of an order that is not known";

export function decideUnknown(event: OrderOccurrence): Reaction {
  const reaction = noReaction();
  switch (event.type) {
    case "order.submitted":
      throw new CrossdockError("order.not-submitted", "A submission makes an order: evolve it first.");
    case "shipment.shipped": {
      const { data } = event;
      const about = { number: data.shipmentId, location: data.location, time: data.shippedAt };
      for (const line of sumStated(data.lines)) {
        const part = data.cumulative === true ? { part: formatDecimal(line.quantity) } : undefined;
        reaction.followUps.push(goodsIssue({ ...movedOf(event, line), ...about, ...part }));
      }
      reaction.problems.push(
        problemOf(event, "shipment.order-unknown", `${data.location}/${data.shipmentId}`),
      );
      break;
    }
    case "return.received": {
      const { data } = event;
      const about = { number: data.returnId, location: data.location, time: data.receivedAt };
      for (const line of sumStated(data.lines)) {
        const moved = { ...movedOf(event, line), ...about, part: parseTime(data.receivedAt) };
        reaction.followUps.push(goodsReturn(moved));
      }
      reaction.problems.push(problemOf(event, "return.unmatched", data.returnId));
      break;
    }
    case "order.row.rejected":
      reaction.problems.push(rowProblem(event));
      break;
    case "return.requested":
      reaction.problems.push(problemOf(event, "return.unmatched", event.data.returnId));
      break;
    case "invoice.posted":
      reaction.problems.push(invoiceProblem(event));
      break;
    default:
      reaction.problems.push(problemOf(event, "order.unknown"));
  }
  return reaction;
}

function movedOf(event: OrderOccurrence, line: OwnUnits): Omit<GoodsMoved, "number" | "location" | "time"> {
  return {
    company: event.company,
    source: event.source,
    orderId: event.data.orderId,
    lineId: line.lineId,
    sku: line.sku,
    quantity: line.quantity,
    unit: line.unit,
    isOrdered: false,
    note: NOTE,
  };
}

/** Whether the order is known or not: the row is in none. */
export function rowProblem(event: OrderOccurrence & { type: "order.row.rejected" }): Problem {
  const { orderId, rows, category, reason } = event.data;
  const key = orderKey(event.company, orderId);
  return {
    code: "order.bad-row",
    fingerprint: fingerprint("order.bad-row", key, `rows/${rows.join("+")}`),
    title: `${event.source}, order ${orderId}, row ${rows.join(", ")}: ${reason}`,
    detail: { number: orderId, rows, category, reason },
    system: event.source,
    key,
  };
}

function problemOf(event: OrderOccurrence, code: ProblemCode, about?: string): Problem {
  const key = orderKey(event.company, event.data.orderId);
  return {
    code,
    fingerprint: fingerprint(code, key, about),
    title: `${event.source} says ${event.type} of order ${event.data.orderId}, which nobody has submitted.`,
    detail: { type: event.type, data: event.data },
    system: event.source,
    key,
  };
}

function invoiceProblem(event: OrderOccurrence & { type: "invoice.posted" }): Problem {
  const { invoice, total, currency } = event.data;
  const problem = problemOf(event, "order.unknown", `invoice/${invoice}`);
  const money = parseDecimal(total);
  if (money === 0n || !isCurrency(currency)) return problem;
  return { ...problem, moneyAtRisk: money < 0n ? -money : money, currency };
}
