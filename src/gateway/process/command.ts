// What commands of the process layer have in common: who says them, how a repeat is recognised, and how the answer
// that was kept is given.
import { canonicalJson } from "../../core/json.ts";
import type { IdempotencyKey } from "../../engine/commands.ts";
import { contentHash } from "../../engine/log/identities.ts";
import type { Caller } from "../access.ts";
import { Refusal } from "../problem.ts";
import type { Answer } from "../route.ts";

/** Who speaks, where the key is bound to no system. */
const API_SOURCE = "api";

export const speakerOf = (caller: Caller): string => caller.system ?? API_SOURCE;

export function idempotent(
  caller: Caller,
  command: string,
  key: string | undefined,
  body: unknown,
): IdempotencyKey | undefined {
  if (key === undefined) return undefined;
  return { client: caller.id, key, request: contentHash(`${command}\n${canonicalJson(body)}`) };
}

/** A refusal is kept as its code; `otherwise` says what its detail is, where that was not kept. */
export function answered(
  answer: { status: number; body: unknown; replayed: boolean },
  otherwise: string,
): Answer {
  const { status, body, replayed } = answer;
  if (status >= 400) {
    const { code, detail } = body as { code?: string; detail?: string };
    throw new Refusal(code ?? "gateway.fault", detail ?? otherwise);
  }
  return { status, body, ...(replayed ? { headers: { "idempotency-replayed": "true" } } : {}) };
}
