import { describe, expect, it } from "vitest";
import type { Answer } from "../../connector/contract.ts";
import type { WriteKind } from "../../policy/integration.ts";
import { failedAsWhole, judgeAnswer, judgeFound } from "./verdict.ts";

const kinds: WriteKind[] = ["absolute", "keyed", "lookup", "none"];
const answers: Record<Answer["kind"], Answer> = {
  done: { kind: "done", reference: "SO-1" },
  refused: { kind: "refused", code: "422", reason: "blocked" },
  busy: { kind: "busy", reason: "429", retryAfterMs: 7 },
  ill: { kind: "ill", reason: "500" },
  unknown: { kind: "unknown", reason: "reset" },
  missing: { kind: "missing", references: [{ domain: "customer", key: "C" }] },
  denied: { kind: "denied", reason: "401" },
  unmapped: { kind: "unmapped", table: "carrier", code: "ups" },
};

describe("an answer", () => {
  // What is done with the message, by kind of write: every cell.
  const expected: Record<Answer["kind"], [string, string, string, string]> = {
    done: ["settle", "settle", "settle", "settle"],
    refused: ["park", "park", "park", "park"],
    busy: ["retry", "retry", "retry", "retry"],
    ill: ["retry", "retry", "look-up", "retry"],
    unknown: ["retry after the request", "retry after the request", "look-up after the request", "park"],
    missing: ["refer", "refer", "refer", "refer"],
    denied: ["deny", "deny", "deny", "deny"],
    unmapped: ["wait-for-code", "wait-for-code", "wait-for-code", "wait-for-code"],
  };

  for (const [name, acts] of Object.entries(expected)) {
    for (const [index, kind] of kinds.entries()) {
      it(`${name} to a write that is ${kind}: ${acts[index]}`, () => {
        const verdict = judgeAnswer(kind, answers[name as Answer["kind"]]);
        const after = "afterRequest" in verdict && verdict.afterRequest ? " after the request" : "";
        expect(verdict.act + after).toBe(acts[index]);
      });
    }
  }

  it("that is unknown and cannot be looked up is no refusal", () => {
    expect(judgeAnswer("none", answers.unknown)).toMatchObject({ code: "delivery.outcome-unknown" });
    expect(judgeAnswer("none", answers.refused)).toMatchObject({ code: "delivery.refused" });
  });

  it("about a code that no table can hold waits for none: it is refused", () => {
    for (const code of ["", " ups", "u\u0000ps", "x".repeat(65)])
      expect(judgeAnswer("keyed", { kind: "unmapped", table: "carrier", code })).toMatchObject({
        act: "park",
        code: "delivery.refused",
      });
  });
});

describe("a look-up", () => {
  it("settles what is there, sends what is not, and looks again where it is not said", () => {
    expect(judgeFound({ kind: "found", reference: "SO-1" })).toMatchObject({
      act: "settle",
      reference: "SO-1",
    });
    expect(judgeFound({ kind: "absent" })).toEqual({ act: "send" });
    expect(judgeFound({ kind: "unknown", reason: "503" })).toEqual({ act: "look-again", reason: "503" });
    expect(judgeFound({ kind: "doubtful", reason: "a draft" })).toEqual({ act: "park", reason: "a draft" });
  });
});

describe("a call of many", () => {
  it("failed as a whole where every record failed in the same words", () => {
    const { refused, ill, done } = answers;
    expect(failedAsWhole([refused, refused])).toBe(true);
    expect(failedAsWhole([ill, ill, ill])).toBe(true);
    expect(failedAsWhole([refused, { kind: "refused", code: "422", reason: "unknown SKU" }])).toBe(false);
    expect(failedAsWhole([refused, done])).toBe(false);
    expect(failedAsWhole([refused])).toBe(false);
    expect(failedAsWhole([done, done])).toBe(false);
  });
});
