// Reads what a plain HTTP system says of the records that it was sent: one answer per record, in their order.
// What was accepted but cannot be read is unknown, never done.

import type { Answer, HttpAnswer, OutboundMessage } from "../../connector/contract.ts";
import { parseExact } from "../../core/json.ts";
import type { Reference } from "../../domains/outbound.ts";

type Fields = Record<string, unknown>;

/** `undefined`: the body names no records, and the status speaks for all of them. */
export function readAnswers(answer: HttpAnswer, messages: readonly OutboundMessage[]): Answer[] | undefined {
  const accepted = answer.status >= 200 && answer.status < 300;
  const body = answer.body.trim();
  if (body === "") return accepted ? all(messages, whenEmpty(answer.status)) : undefined;
  if (!looksLikeJson(answer, body)) return accepted ? all(messages, whenText(answer)) : undefined;
  let parsed: unknown;
  try {
    parsed = parseExact(body);
  } catch (error) {
    if (!accepted) return undefined;
    return all(messages, { kind: "unknown", reason: `HTTP ${answer.status}: ${(error as Error).message}` });
  }
  const results = resultsOf(parsed);
  if (results !== undefined) return match(results, messages);
  if (!accepted) return undefined;
  const [only] = messages;
  if (messages.length === 1 && only !== undefined) return [ofSingle(parsed)];
  return all(messages, { kind: "unknown", reason: `HTTP ${answer.status}: the answer has no results.` });
}

const all = (messages: readonly OutboundMessage[], answer: Answer): Answer[] => messages.map(() => answer);

function whenEmpty(status: number): Answer {
  if (status !== 207) return { kind: "done" };
  return { kind: "unknown", reason: "HTTP 207: the answer has no results." };
}

/** A page where a service should be is a proxy or a login, whatever its status says. */
function whenText(answer: HttpAnswer): Answer {
  const type = String(answer.headers["content-type"] ?? "");
  if (!type.includes("html") && answer.status !== 207) return { kind: "done" };
  return { kind: "unknown", reason: `HTTP ${answer.status}: the answer is ${type || "a text"}, not JSON.` };
}

function looksLikeJson(answer: HttpAnswer, body: string): boolean {
  return (
    String(answer.headers["content-type"] ?? "").includes("json") ||
    body.startsWith("{") ||
    body.startsWith("[")
  );
}

function resultsOf(parsed: unknown): unknown[] | undefined {
  if (Array.isArray(parsed)) return parsed;
  const results = isFields(parsed) ? parsed.results : undefined;
  return Array.isArray(results) ? results : undefined;
}

/** One record was sent: the answer itself may be its result. */
function ofSingle(parsed: unknown): Answer {
  if (!isFields(parsed)) return { kind: "done" };
  return typeof parsed.status === "string" ? readResult(parsed) : done(parsed);
}

/** By id; by place only where no result has one and there are as many as records. */
function match(results: unknown[], messages: readonly OutboundMessage[]): Answer[] {
  const byId = new Map<string, unknown>();
  for (const result of results)
    if (isFields(result) && typeof result.id === "string") byId.set(result.id, result);
  const inOrder = byId.size === 0 && results.length === messages.length;
  return messages.map((message, index) => {
    const result = inOrder ? results[index] : byId.get(message.deliveryId);
    return result === undefined
      ? { kind: "unknown", reason: "The answer says nothing of this record." }
      : readResult(result);
  });
}

function readResult(result: unknown): Answer {
  if (!isFields(result))
    return { kind: "unknown", reason: "The answer's result for this record is no object." };
  const reason = text(result.reason);
  switch (result.status) {
    case "done":
    case "duplicate":
      return done(result);
    case "refused":
      return {
        kind: "refused",
        code: text(result.code) ?? "http.refused",
        reason: reason ?? "The system refused it.",
      };
    case "busy":
      return { kind: "busy", reason: reason ?? "The system asks to come back later." };
    case "missing":
      return missing(result, reason);
    default:
      return {
        kind: "unknown",
        reason: `The answer's status for this record is ${JSON.stringify(result.status) ?? "absent"}.`,
      };
  }
}

function done(result: Fields): Answer {
  const reference = text(result.reference);
  return reference === undefined ? { kind: "done" } : { kind: "done", reference };
}

const DOMAINS: ReadonlySet<unknown> = new Set([
  "customer",
  "product",
  "order",
] satisfies Reference["domain"][]);

function missing(result: Fields, reason: string | undefined): Answer {
  const named = Array.isArray(result.references) ? result.references : [];
  const references = named.filter(
    (reference): reference is Reference =>
      isFields(reference) && DOMAINS.has(reference.domain) && typeof reference.key === "string",
  );
  if (references.length > 0)
    return { kind: "missing", references: references.map(({ domain, key }) => ({ domain, key })) };
  const what = "Something that it names is missing, and the answer does not say what.";
  return { kind: "refused", code: "http.reference-missing", reason: reason ?? what };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text, or a number as it was written; empty ones say nothing. */
function text(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return isFields(value) && "text" in value ? String(value) : undefined;
}
