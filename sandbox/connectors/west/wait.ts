// Waits for WEST to answer a file: it looks into its folder now and then, and so do we.
import { setTimeout as delay } from "node:timers/promises";
import type { CallLimits } from "../../../src/connector/index.ts";
import type { Exchange, WestAnswer } from "./exchange.ts";

const LOOK_MS = 100;
/** Left for settling before the call itself is given up. */
const MARGIN_MS = 250;

/** The answers to these numbers of the file, as far as they came in time; under "" one to the whole file. */
export async function waitForAnswers(
  exchange: Exchange,
  file: string,
  numbers: readonly string[],
  call: CallLimits,
): Promise<Map<string, WestAnswer>> {
  const until = performance.now() + Math.max(0, call.timeoutMs - MARGIN_MS);
  for (;;) {
    await exchange.look();
    const answers = new Map(exchange.answersTo(file).map((answer) => [answer.order, answer]));
    if (answers.has("") || numbers.every((number) => answers.has(number))) return answers;
    // Whoever stops need not wait: the file is there, and its answer is found in the folder later.
    if (call.signal.aborted || call.stopping?.aborted || performance.now() >= until) return answers;
    await delay(LOOK_MS);
  }
}
