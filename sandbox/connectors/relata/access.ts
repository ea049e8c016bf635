// Calls Relata with a token that lasts a few minutes and is not renewed by use. A call that was refused because its
// token had ended has done nothing: it is made once more with a new one. No token at all throws ReadFailed.
import {
  CallFailed,
  type ConnectorContext,
  CrossdockError,
  classifyCall,
  type Failure,
  type HttpAnswer,
  type HttpCall,
  type HttpClient,
  outcomeOf,
} from "../../../src/connector/index.ts";
import { epochMs } from "../../../src/core/time.ts";
import { numberOf, readFields, textOf } from "../native-fields.ts";
import { ReadFailed } from "../native-read.ts";
import type { RelataSettings } from "./settings.ts";

interface Token {
  value: string;
  /** Asked for anew from then on. */
  renewAtMs: number;
}

/** A token is used for so much of its time: the rest is for clocks and for calls under way. */
const USED_SHARE = 0.9;

export class RelataAccess implements HttpClient {
  private readonly settings: RelataSettings;
  private readonly context: ConnectorContext;
  private token: Token | undefined;
  private asking: Promise<Token> | undefined;

  constructor(settings: RelataSettings, context: ConnectorContext) {
    this.settings = settings;
    this.context = context;
  }

  async request(call: HttpCall): Promise<HttpAnswer> {
    const token = await this.current(call);
    const answer = await this.requestWith(token, call);
    if (answer.status !== 401) return answer;
    // Others may have found out before us.
    if (this.token === token) this.token = undefined;
    return this.requestWith(await this.current(call), call);
  }

  private requestWith({ value }: Token, call: HttpCall): Promise<HttpAnswer> {
    return this.context.http.request({
      ...call,
      headers: { accept: "application/json", ...call.headers, authorization: `Bearer ${value}` },
    });
  }

  /** One at a time is asked for, whoever needs it. */
  private async current(call: HttpCall): Promise<Token> {
    const { token } = this;
    if (token !== undefined && epochMs(this.context.now()) < token.renewAtMs) return token;
    this.asking ??= this.ask(call).finally(() => {
      this.asking = undefined;
    });
    this.token = await this.asking;
    return this.token;
  }

  private async ask({ timeoutMs, signal }: HttpCall): Promise<Token> {
    const { url, clientId, clientSecret } = this.settings;
    const { context } = this;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
    });
    const outcome = await outcomeOf(
      context.http.request({
        method: "POST",
        url: `${url}/oauth/token`,
        headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
        body: form.toString(),
        ...(timeoutMs === undefined ? undefined : { timeoutMs }),
        ...(signal === undefined ? undefined : { signal }),
      }),
    );
    const where = `${context.system}: token`;
    // A token that was given and never came is none: nothing else has happened.
    if (outcome instanceof CallFailed)
      throw new ReadFailed({ kind: "ill", reason: outcome.message }, where, outcome);
    if (outcome.status !== 200) throw new ReadFailed(this.refusal(outcome), where);
    try {
      const granted = readFields(outcome.body, "token");
      const lastsMs = Number(numberOf(granted, "expires_in")) * 1000;
      const renewAtMs =
        lastsMs > 0 ? epochMs(context.now()) + lastsMs * USED_SHARE : Number.POSITIVE_INFINITY;
      return { value: textOf(granted, "access_token"), renewAtMs };
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      throw new ReadFailed({ kind: "ill", reason: `the token is cut: ${error.message}` }, where, error);
    }
  }

  /** A client that is not known is 400 or 401, as OAuth has it. */
  private refusal(answer: HttpAnswer): Exclude<Failure, { kind: "unknown" }> {
    const statuses = { 400: "denied", 401: "denied", 403: "denied" } as const;
    const classified = classifyCall(answer, { now: this.context.now(), statuses });
    if (classified.kind === "done" || classified.kind === "unknown" || classified.kind === "missing") {
      return { kind: "ill", reason: `HTTP ${answer.status}` };
    }
    return classified;
  }
}
