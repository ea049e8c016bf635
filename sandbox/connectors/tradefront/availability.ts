// Tells the shop what it may sell: absolute figures, up to 500 a call, answered row by row in the order given.
import {
  type Answer,
  type AvailabilityPayload,
  CallFailed,
  CrossdockError,
  classifyFailure,
  type OutboundMessage,
  type Writer,
} from "../../../src/connector/index.ts";
import {
  divideFloor,
  formatDecimal,
  maxDecimal,
  ONE,
  parseDecimal,
  ZERO,
} from "../../../src/core/decimal.ts";
import { NumberText } from "../../../src/core/json.ts";
import { type Fields, flagOf, listOf, readFields, textOr } from "../native-fields.ts";
import type { TradefrontClient } from "./client.ts";

export const ROWS_MAX = 500;

export function availabilityWriter(client: TradefrontClient): Writer {
  return {
    async send(messages, call) {
      const payloads = (messages as OutboundMessage<AvailabilityPayload>[]).map(({ payload }) => payload);
      const outcome = await client.post("stock/bulk", { rows: payloads.map(rowOf) }, call);
      if (outcome instanceof CallFailed || outcome.status !== 200) {
        const answer = outcome instanceof CallFailed ? classifyFailure(outcome) : client.classify(outcome);
        return messages.map(() => answer);
      }
      const results = resultsOf(outcome.body);
      return payloads.map(({ sku }, index) => answerOf(results?.[index], sku));
    },
  };
}

/** Whole pieces, and never more than there are. */
function rowOf({ sku, quantity }: AvailabilityPayload): Fields {
  const pieces = maxDecimal(ZERO, divideFloor(parseDecimal(quantity), ONE));
  return { articleNo: sku, sellable: new NumberText(formatDecimal(pieces)) };
}

/** Undefined where the answer is cut. */
function resultsOf(body: string): Fields[] | undefined {
  try {
    return listOf(readFields(body, "answer"), "results");
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

function answerOf(result: Fields | undefined, sku: string): Answer {
  if (result === undefined || textOr(result, "articleNo") !== sku) {
    return { kind: "unknown", reason: "The answer says nothing of this row." };
  }
  if (flagOf(result, "ok")) return { kind: "done" };
  const error = textOr(result, "error") ?? "error";
  if (error === "locked") return { kind: "busy", reason: "The row is locked." };
  return { kind: "refused", code: error, reason: `Tradefront answers ${error} for ${sku}.` };
}
