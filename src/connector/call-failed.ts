// A call that got no answer. `sent` says whether the request could have left: only where it is false is it
// certain that the other side has done nothing.
import { CrossdockError, type CrossdockErrorOptions } from "../core/errors.ts";

export interface CallFailedOptions extends CrossdockErrorOptions {
  sent: boolean;
}

export class CallFailed extends CrossdockError {
  readonly sent: boolean;

  constructor(code: CallFailedCode, message: string, options: CallFailedOptions) {
    super(code, message, { retry: code === "http.invalid-call" ? "never" : "later", ...options });
    this.name = "CallFailed";
    this.sent = options.sent;
  }
}

export type CallFailedCode =
  /** No connection: refused, unknown host, wrong certificate. */
  | "http.unreachable"
  /** The connection broke before the answer was complete. */
  | "http.broken-off"
  | "http.timeout"
  /** The caller took it back. */
  | "http.cancelled"
  | "http.answer-too-large"
  /** Not a call that can be made: a URL, a header or a method that HTTP cannot carry. */
  | "http.invalid-call";
