// Accounts that orders name: an order says whose it is by an id that means nothing outside.
import { epochMs, type Time } from "../../../src/core/time.ts";
import type { Fields } from "../native-fields.ts";
import type { RelataClient } from "./client.ts";

const KNOWN_MAX = 5_000;
/** An account that was mended is noticed by then. */
const KNOWN_MS = 60_000;

export class AccountIndex {
  private readonly client: RelataClient;
  private readonly now: () => Time;
  private readonly known = new Map<string, { account: Fields; atMs: number }>();

  constructor(client: RelataClient, now: () => Time) {
    this.client = client;
    this.now = now;
  }

  /** What an order needs of its account, and the revision that says so. Throws ReadFailed. */
  async find(id: string, signal: AbortSignal): Promise<Fields | undefined> {
    const nowMs = epochMs(this.now());
    const held = this.known.get(id);
    if (held !== undefined && nowMs - held.atMs <= KNOWN_MS) return held.account;
    const record = await this.client.get("accounts", id, { signal });
    if (record === undefined) return undefined;
    const { name, account_number, billing_country, revision } = record;
    const account = { id, name, account_number, billing_country, revision };
    this.known.delete(id);
    this.known.set(id, { account, atMs: nowMs });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KNOWN_MAX) break;
      this.known.delete(oldest);
    }
    return account;
  }
}
