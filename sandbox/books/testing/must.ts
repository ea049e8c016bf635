import type { Call } from "../../systems/simulation/testing.ts";

/** The body of an answer that must be a good one. */
// biome-ignore lint/suspicious/noExplicitAny: native shapes of every kind.
export async function must(answer: ReturnType<Call>): Promise<any> {
  const { status, body, text } = await answer;
  if (status < 200 || status > 299) throw new Error(`answered ${status}: ${text}`);
  return body;
}
