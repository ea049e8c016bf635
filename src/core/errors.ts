// The one error class. `code` is stable and documented in docs/errors.md; `retry` tells a caller
// whether the same call can ever succeed. A business refusal is a value, never one of these.

export interface CrossdockErrorOptions {
  /** `never`: the input or configuration must change first. `later`: the same call may succeed. */
  retry?: "never" | "later";
  cause?: unknown;
  /** Facts that help: where, which value, what to do. Never a secret. */
  details?: Record<string, unknown>;
}

export class CrossdockError extends Error {
  readonly code: string;
  readonly retry: "never" | "later";
  readonly details: Record<string, unknown>;

  constructor(code: string, message: string, options: CrossdockErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CrossdockError";
    this.code = code;
    this.retry = options.retry ?? "never";
    this.details = options.details ?? {};
  }
}
