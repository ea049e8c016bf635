// Who is calling. Keys are looked up by their hash in memory; the set is read again every few seconds, and a key
// that is not in it is asked for once, so that a new one works at once and a revoked one not for long.
import { type ApiKey, apiKeyHash } from "../engine/operations/api-key.ts";
import type { Scope } from "../engine/operations/scopes.ts";
import { Refusal } from "./problem.ts";
import { Throttle } from "./throttle.ts";

export interface Caller {
  id: string;
  name: string;
  scopes: ReadonlySet<Scope>;
  /** The one system that the key speaks for. */
  system: string | null;
}

/** Where keys are kept. */
export interface KeySource {
  all(): Promise<Map<string, ApiKey>>;
  find(hashHex: string): Promise<ApiKey | null>;
}

export interface KeyRingOptions {
  source: KeySource;
  refreshMs?: number;
  failed(error: unknown): void;
}

const REFRESH_MS = 3_000;
/** Keys that nobody knows are looked for in the database; guessing must not become its load. */
const LOOK_UPS = { perSecond: 20, burst: 50 };
const KEY_LENGTH_MAX = 256;

export class KeyRing {
  private readonly options: KeyRingOptions;
  private readonly lookUps = new Throttle(LOOK_UPS);
  private readonly asking = new Map<string, Promise<Caller | undefined>>();
  private callers = new Map<string, Caller>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(options: KeyRingOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    await this.refresh();
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Known in memory; undefined: ask `find`. */
  known(secret: string): Caller | undefined {
    return secret.length > KEY_LENGTH_MAX ? undefined : this.callers.get(apiKeyHash(secret));
  }

  /** A look-up of this key that is under way: who uses a new key on many connections at once is looked up once. */
  asked(secret: string): Promise<Caller | undefined> | undefined {
    return secret.length > KEY_LENGTH_MAX ? undefined : this.asking.get(apiKeyHash(secret));
  }

  async find(secret: string): Promise<Caller | undefined> {
    if (secret.length > KEY_LENGTH_MAX) return undefined;
    const waitSeconds = this.lookUps.take("");
    if (waitSeconds > 0) throw throttled(waitSeconds);
    const hash = apiKeyHash(secret);
    const asking = this.lookUp(hash).finally(() => this.asking.delete(hash));
    this.asking.set(hash, asking);
    return asking;
  }

  private async lookUp(hash: string): Promise<Caller | undefined> {
    const key = await this.options.source.find(hash);
    if (key === null) return undefined;
    const caller = toCaller(key);
    this.callers.set(hash, caller);
    return caller;
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.refresh()
        .catch(this.options.failed)
        .finally(() => this.schedule());
    }, this.options.refreshMs ?? REFRESH_MS);
    this.timer.unref();
  }

  private async refresh(): Promise<void> {
    const keys = await this.options.source.all();
    this.callers = new Map([...keys].map(([hash, key]) => [hash, toCaller(key)]));
  }
}

function toCaller({ id, name, scopes, system }: ApiKey): Caller {
  return { id, name, scopes: new Set(scopes), system };
}

export function throttled(waitSeconds: number): Refusal {
  return new Refusal("access.throttled", `Send again in ${waitSeconds} s.`, {
    headers: { "retry-after": String(waitSeconds) },
  });
}

/** `Authorization: Bearer …` or `X-Api-Key: …`; undefined where there is neither. */
export function presentedKey(headers: Record<string, string | string[] | undefined>): string | undefined {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const text = authorization as string;
    return text.length > 7 && text.slice(0, 7).toLowerCase() === "bearer " ? text.slice(7).trim() : undefined;
  }
  const key = headers["x-api-key"];
  return typeof key === "string" && key !== "" ? key : undefined;
}

const CHALLENGE = { "www-authenticate": 'Bearer realm="crossdock"' };

export function keyMissing(): Refusal {
  return new Refusal(
    "access.key-missing",
    "Send Authorization: Bearer with an API key; crossdock key create makes one.",
    { headers: CHALLENGE },
  );
}

export function keyUnknown(): Refusal {
  return new Refusal("access.key-unknown", "The API key is not known, or was revoked.", {
    headers: CHALLENGE,
  });
}

export function requireScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.has(scope)) return;
  throw new Refusal("access.scope-missing", `The key ${caller.name} lacks the scope ${scope}.`);
}

/** A key that is bound to a system speaks for no other. */
export function requireSystem(caller: Caller, system: string): void {
  if (caller.system === null || caller.system === system) return;
  throw new Refusal("access.other-system", `The key ${caller.name} speaks for ${caller.system} alone.`);
}
