// EAST's idempotency: a request id and its answer are kept for 24 hours. The same id with the same body
// gets the same answer again; with another body it is refused.

import { createHash } from "node:crypto";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest } from "../simulation/router.ts";
import type { EastSettings } from "./warehouse.ts";

interface Kept {
  digest: string;
  answer: NativeAnswer;
  at: number;
}

export class RequestIds {
  private readonly kept = new Map<string, Kept>();
  private readonly settings: EastSettings;

  constructor(settings: EastSettings) {
    this.settings = settings;
  }

  once(request: NativeRequest, handle: () => NativeAnswer): NativeAnswer {
    const id = request.headers["x-request-id"];
    if (typeof id !== "string" || id === "") {
      throw new Refusal(400, "request_id_missing", "X-Request-Id is required");
    }
    this.forgetOld();
    const key = `${request.method} ${request.path} ${id}`;
    const digest = createHash("sha256").update(request.body).digest("base64");
    const before = this.kept.get(key);
    if (before) {
      if (before.digest !== digest) {
        throw new Refusal(409, "request_id_reused", "This X-Request-Id came with another body before");
      }
      return { ...before.answer, headers: { ...before.answer.headers, "x-idempotent-replay": "true" } };
    }
    // A refusal is thrown and not kept: a mended request may use its id again.
    const answer = handle();
    this.kept.set(key, { digest, answer, at: Date.now() });
    return answer;
  }

  clear(): void {
    this.kept.clear();
  }

  /** The oldest stand first, so this stops at the first that is still young. */
  private forgetOld(): void {
    const limit = Date.now() - this.settings.idempotencyWindowMs;
    for (const [key, kept] of this.kept) {
      if (kept.at > limit) return;
      this.kept.delete(key);
    }
  }
}
