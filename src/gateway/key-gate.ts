// Stands before every route: nothing is read of a request that may not be made. Without a key that holds there is
// health, and what a system signs; each is throttled by address.
import type { FastifyReply, FastifyRequest } from "fastify";
import {
  type Caller,
  type KeyRing,
  keyMissing,
  keyUnknown,
  presentedKey,
  requireScope,
  throttled,
} from "./access.ts";
import { refuseEncoding } from "./body.ts";
import type { GatewayLimits } from "./limits.ts";
import { Refusal } from "./problem.ts";
import { SECURITY_HEADERS } from "./respond.ts";
import type { Access } from "./route.ts";
import { Throttle } from "./throttle.ts";

type Done = (error?: Error) => void;

export class KeyGate {
  /** Set when the server stops: requests on connections that are still open are told to come again. */
  stopping = false;
  private readonly keys: KeyRing;
  private readonly callers: Throttle;
  private readonly strangers: Throttle;

  constructor(keys: KeyRing, limits: GatewayLimits) {
    this.keys = keys;
    this.callers = new Throttle(limits.perCaller);
    this.strangers = new Throttle(limits.perStranger);
  }

  /** For the framework's onRequest: synchronous for every key that is known in memory. */
  check(access: Access): (request: FastifyRequest, reply: FastifyReply, done: Done) => void {
    return (request, reply, done) => {
      reply.headers(SECURITY_HEADERS);
      try {
        if (this.stopping) throw stopping();
        refuseEncoding(request.headers["content-encoding"]);
        if (access === "anonymous" || access === "signed") {
          this.take(this.callers, request.ip);
          done();
          return;
        }
        const secret = presentedKey(request.headers);
        const caller = secret === undefined ? undefined : this.keys.known(secret);
        if (caller === undefined) {
          this.find(request, secret)
            .then((found) => this.admit(found, access, request))
            .then(() => done(), done);
          return;
        }
        this.admit(caller, access, request);
      } catch (error) {
        done(error as Error);
        return;
      }
      done();
    };
  }

  /** For a route that learns only later that it needs a key. */
  async callerOf(request: FastifyRequest): Promise<Caller> {
    const secret = presentedKey(request.headers);
    const caller =
      (secret === undefined ? undefined : this.keys.known(secret)) ?? (await this.find(request, secret));
    request.caller = caller;
    return caller;
  }

  private async find(request: FastifyRequest, secret: string | undefined): Promise<Caller> {
    const asked = secret === undefined ? undefined : this.keys.asked(secret);
    if (asked === undefined) this.take(this.strangers, request.ip);
    if (secret === undefined) throw keyMissing();
    const caller = await (asked ?? this.keys.find(secret));
    // Who only waited for another's look-up is a stranger all the same where it found nobody.
    if (asked !== undefined && caller === undefined) this.take(this.strangers, request.ip);
    if (caller === undefined) throw keyUnknown();
    return caller;
  }

  private admit(caller: Caller, access: Access, request: FastifyRequest): void {
    request.caller = caller;
    this.take(this.callers, caller.id);
    if (access !== "any-key")
      requireScope(caller, access as Exclude<Access, "any-key" | "anonymous" | "signed">);
  }

  private take(throttle: Throttle, client: string): void {
    const waitSeconds = throttle.take(client);
    if (waitSeconds > 0) throw throttled(waitSeconds);
  }
}

function stopping(): Refusal {
  return new Refusal("gateway.stopping", "The server is stopping; send it again.", {
    headers: { "retry-after": "1", connection: "close" },
  });
}
