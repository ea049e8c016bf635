// An answer that has a result for each record of a call: found by what both have in common, or by their place.
import { type Answer, type OutboundMessage, parseJsonPath, textOf, valueAt } from "../../connector/index.ts";
import { type Judged, judge } from "./answer.ts";
import { wordAt } from "./request.ts";

/** Undefined where the answer has no list of results: its status then speaks for all. */
export function judgeResults(
  judged: Omit<Judged, "message" | "said" | "status">,
  said: unknown,
  messages: readonly OutboundMessage[],
): Answer[] | undefined {
  const { results, match, status } = judged.settings.bulk!;
  const list = valueAt(said, parseJsonPath(results!).segments);
  const accepted = judged.answer.status >= 200 && judged.answer.status < 300;
  if (!Array.isArray(list)) {
    if (!accepted) return undefined;
    const reason = `HTTP ${judged.answer.status}: the answer has no results at ${results}.`;
    return messages.map(() => ({ kind: "unknown", reason }));
  }
  const found = match === undefined ? byPlace(list, messages) : byMatch(list, messages, match);
  return messages.map((message, index) => {
    const result = found[index];
    if (result === undefined) return { kind: "unknown", reason: "The answer says nothing of this record." };
    const own =
      status === undefined ? undefined : Number(textOf(valueAt(result, parseJsonPath(status).segments)));
    if (own !== undefined && !(own >= 100 && own <= 599)) {
      return { kind: "unknown", reason: `The answer's status of this record, at ${status}, is none.` };
    }
    return judge({ ...judged, message, said: result, status: own ?? statusOf(judged) });
  });
}

/** Where rules say what is done, a result that fits none of them is not. */
function statusOf({ settings, answer }: Omit<Judged, "message" | "said" | "status">): number | undefined {
  const spoken =
    settings.rules?.some(({ meaning, field }) => meaning === "done" && field !== undefined) === true;
  return spoken || answer.status < 200 || answer.status >= 300 || answer.status === 207
    ? undefined
    : answer.status;
}

const byPlace = (list: readonly unknown[], messages: readonly OutboundMessage[]): readonly unknown[] =>
  list.length === messages.length ? list : [];

function byMatch(
  list: readonly unknown[],
  messages: readonly OutboundMessage[],
  { result, record }: { result: string; record: string },
): unknown[] {
  const byWord = new Map<string, unknown>();
  const twice = new Set<string>();
  for (const entry of list) {
    const word = textOf(valueAt(entry, parseJsonPath(result).segments));
    if (word === undefined) continue;
    if (byWord.has(word)) twice.add(word);
    byWord.set(word, entry);
  }
  return messages.map((message) => {
    const word = wordAt(record, message);
    // Two results of one record say nothing that holds.
    return twice.has(word) ? undefined : byWord.get(word);
  });
}
