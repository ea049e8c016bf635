// What follows from an answer. Pure: the kind of write and the answer decide, and whether something may have
// happened is never guessed.
import type { CodeMiss } from "../../connector/codes.ts";
import type { Answer, Found, MappedEvent } from "../../connector/contract.ts";
import type { Reference } from "../../domains/outbound.ts";
import { codeFault } from "../../policy/codes.ts";
import type { WriteKind } from "../../policy/integration.ts";

export type Verdict =
  /** It took effect. */
  | { act: "settle"; reference: string | null; facts: MappedEvent[] }
  /** Only a person can go on. */
  | {
      act: "park";
      code: "delivery.refused" | "delivery.outcome-unknown";
      reason: string;
      facts: MappedEvent[];
    }
  /** It waits for a code table; nothing of it has left. */
  | { act: "wait-for-code"; miss: CodeMiss; reason: string }
  /** It did not take effect, or may be repeated freely: sent again later. */
  | { act: "retry"; evidence: "busy" | "ill"; reason: string; pauseMs: number | null; afterRequest: boolean }
  /** It may have taken effect: looked up, and only then sent again. `afterRequest`: not while a request may run. */
  | { act: "look-up"; evidence: "ill"; reason: string; afterRequest: boolean }
  | { act: "refer"; references: Reference[] }
  | { act: "deny"; reason: string };

export function judgeAnswer(kind: WriteKind, answer: Answer): Verdict {
  switch (answer.kind) {
    case "done":
      return { act: "settle", reference: answer.reference ?? null, facts: answer.facts ?? [] };
    case "refused":
      return {
        act: "park",
        code: "delivery.refused",
        reason: reasonOf(answer),
        facts: answer.facts ?? [],
      };
    case "busy":
      return {
        act: "retry",
        evidence: "busy",
        reason: answer.reason,
        pauseMs: answer.retryAfterMs ?? null,
        afterRequest: false,
      };
    case "ill":
      // Products answer 500 after the work was done: where looking is possible, it costs less than a second effect.
      return kind === "lookup"
        ? { act: "look-up", evidence: "ill", reason: answer.reason, afterRequest: false }
        : { act: "retry", evidence: "ill", reason: answer.reason, pauseMs: null, afterRequest: false };
    case "unknown":
      return judgeUnknown(kind, answer.reason);
    case "missing":
      return { act: "refer", references: answer.references };
    case "unmapped":
      return judgeUnmapped(answer);
    case "denied":
      return { act: "deny", reason: answer.reason };
  }
}

function judgeUnmapped(answer: Extract<Answer, { kind: "unmapped" }>): Verdict {
  const { table, code } = answer;
  const fault = codeFault(code);
  if (fault === undefined) return { act: "wait-for-code", miss: { table, code }, reason: reasonOf(answer) };
  const reason = `code.invalid: ${JSON.stringify(code.slice(0, 80))} as a ${table} code ${fault}`;
  return { act: "park", code: "delivery.refused", reason, facts: [] };
}

/** In words, for people. */
export function reasonOf(answer: Answer): string {
  switch (answer.kind) {
    case "done":
      return "";
    case "missing":
      return `lacks ${answer.references.map((r) => `${r.domain} ${r.key}`).join(", ")}`;
    case "refused":
      return `${answer.code}: ${answer.reason}`;
    case "unmapped":
      return `no code table knows ${answer.table} ${answer.code}`;
    default:
      return answer.reason;
  }
}

/** A time-out, a broken connection, a crash, or a connector that threw. */
export function judgeUnknown(kind: WriteKind, reason: string): Verdict {
  switch (kind) {
    case "absolute":
    case "keyed":
      return { act: "retry", evidence: "ill", reason, pauseMs: null, afterRequest: true };
    case "lookup":
      return { act: "look-up", evidence: "ill", reason, afterRequest: true };
    case "none":
      return { act: "park", code: "delivery.outcome-unknown", reason, facts: [] };
  }
}

export type LookUpVerdict =
  | { act: "settle"; reference: string | null; facts: MappedEvent[] }
  | { act: "send" }
  | { act: "look-again"; reason: string }
  | { act: "park"; reason: string };

export function judgeFound(found: Found): LookUpVerdict {
  switch (found.kind) {
    case "found":
      return { act: "settle", reference: found.reference ?? null, facts: found.facts ?? [] };
    case "absent":
      return { act: "send" };
    case "unknown":
      return { act: "look-again", reason: found.reason };
    case "doubtful":
      return { act: "park", reason: found.reason };
  }
}

/**
 * Whether a call of many failed as a whole: refused or ill for every record in the same words. One record may be
 * the culprit, so the call is halved until it stands alone.
 */
export function failedAsWhole(answers: readonly Answer[]): boolean {
  if (answers.length < 2) return false;
  const first = answers[0]!;
  if (first.kind !== "refused" && first.kind !== "ill" && first.kind !== "unknown") return false;
  return answers.every(
    (answer) => answer.kind === first.kind && (answer as { reason: string }).reason === first.reason,
  );
}
