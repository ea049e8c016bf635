// Names and countries of customers, for orders that were keyed in the ERP: goods need somewhere to go.
import { epochMs, type Time } from "../../../src/core/time.ts";
import { type Fields, textOf } from "../native-fields.ts";
import type { LedgerlineClient } from "./client.ts";

const KNOWN_MAX = 5_000;
/** A customer that moved is noticed by then. */
const KNOWN_MS = 300_000;

export class CustomerIndex {
  private readonly client: LedgerlineClient;
  private readonly now: () => Time;
  private readonly known = new Map<string, { customer: Fields; atMs: number }>();

  constructor(client: LedgerlineClient, now: () => Time) {
    this.client = client;
    this.now = now;
  }

  /** Throws ReadFailed. */
  async find(numbers: Iterable<string>, signal: AbortSignal): Promise<Map<string, Fields>> {
    const nowMs = epochMs(this.now());
    const wanted = [...new Set(numbers)];
    const unknown = wanted.filter((number) => nowMs - (this.known.get(number)?.atMs ?? 0) > KNOWN_MS);
    for (const record of await this.client.listNamed("Customers", "CustomerNumber", unknown, { signal })) {
      const { CustomerNumber, Name, CountryCode } = record;
      const number = textOf(record, "CustomerNumber");
      this.known.delete(number);
      this.known.set(number, { customer: { CustomerNumber, Name, CountryCode }, atMs: nowMs });
    }
    const found = new Map(
      wanted.flatMap((number): [string, Fields][] => {
        const held = this.known.get(number);
        return held === undefined ? [] : [[number, held.customer]];
      }),
    );
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KNOWN_MAX) break;
      this.known.delete(oldest);
    }
    return found;
  }
}
