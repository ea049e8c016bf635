// Deduplication: which of a batch's identities are new, and what the others held. Cheap at any number of
// receipts: inserts touch one small index, sealed epochs are asked only where their filter says "perhaps".
import { hash as digest } from "node:crypto";
import { CrossdockError } from "../../core/errors.ts";
import type { Database, Queryable, Transaction } from "../../postgres/pool.ts";
import {
  countIdentities,
  findIdentities,
  type Identity,
  insertIdentities,
  keepEpochOpen,
  sealEpoch,
  sealedEpochs,
  type Whereabouts,
} from "../../store/identity.ts";
import { hashWords, IdentityFilter } from "./identity-filter.ts";

/** Four million identities: an index of about 170 MB, which stays in memory on a small server. */
export const EPOCH_IDENTITIES_MAX = 4_000_000;

export type Known = { new: true } | { new: false; sameContent: boolean };

export function identityHash(system: string, topic: string, id: string): string {
  return digest("sha256", `${system}\u0000${topic}\u0000${id}`, "hex").slice(0, 32);
}

/** The first 8 bytes of the content's SHA-256, as a signed integer in text. */
export function contentHash(content: string | Uint8Array): string {
  return BigInt.asIntN(64, BigInt(`0x${digest("sha256", content, "hex").slice(0, 16)}`)).toString();
}

export class Identities {
  private readonly db: Database;
  private readonly epochMax: number;
  private readonly sealed: { epoch: number; filter: IdentityFilter }[] = [];
  private added = 0;

  constructor(db: Database, epochMax = EPOCH_IDENTITIES_MAX) {
    this.db = db;
    this.epochMax = epochMax;
  }

  /** Reads the filters of epochs that were sealed since; before the first use and every few seconds. */
  async refresh(): Promise<void> {
    for (const { epoch, filter } of await sealedEpochs(this.db, this.lastSealed)) {
      // Another refresh may have been quicker.
      if (epoch > this.lastSealed) this.sealed.push({ epoch, filter: IdentityFilter.fromBytes(filter) });
    }
  }

  /** Seals the open epoch when it is full. Run by the schedule of one node or of several: the lock decides. */
  async maintain(): Promise<void> {
    const added = this.added;
    this.added = 0;
    const open = await countIdentities(this.db, added).catch((error: unknown) => {
      this.added += added;
      throw error;
    });
    if (open.identities >= this.epochMax) await sealEpoch(this.db, open.epoch, drawFilter);
    await this.refresh();
  }

  /** Claims identities in the caller's transaction. */
  async claim(tx: Transaction, identities: readonly Identity[]): Promise<Map<string, Known>> {
    const known = new Map<string, Known>();
    const contents = new Map(identities.map((identity) => [identity.hash, identity.content]));
    const settle = (hash: string, content: string) =>
      known.set(hash, { new: false, sameContent: contents.get(hash) === content });

    // The filters that are asked now are the ones that count, whatever is read of others meanwhile.
    const lastSealed = this.lastSealed;
    // Leaves together with what it guards, ahead of it.
    const locked = keepEpochOpen(tx);
    const [, inSealed] = await Promise.all([locked, this.lookUpSealed(tx, [...contents.keys()])]);
    for (const [hash, content] of inSealed) settle(hash, content);
    const fresh = identities
      .filter((identity) => !known.has(identity.hash))
      .sort((a, b) => (a.hash < b.hash ? -1 : 1));
    if (fresh.length === 0) return known;
    const { inserted, epoch } = await insertIdentities(tx, fresh);
    if (epoch !== null && epoch > lastSealed + 1) {
      // Another node sealed an epoch that we have no filter of yet: nothing we said of it counts.
      throw new CrossdockError("identity.epoch-moved", "An identity epoch was sealed meanwhile.", {
        retry: "later",
      });
    }
    const existing = fresh
      .filter((identity) => !inserted.has(identity.hash))
      .map(({ hash }) => ({ hash, epoch: null }));
    if (existing.length > 0) {
      for (const [hash, content] of await findIdentities(tx, existing)) settle(hash, content);
    }
    for (const hash of inserted) known.set(hash, { new: true });
    this.added += inserted.size;
    return known;
  }

  /** Identities among these that a sealed epoch holds; the open one is asked by who inserts. */
  async sealedAmong(
    db: Queryable,
    identities: readonly Identity[],
  ): Promise<{ known: Map<string, Known>; lastSealed: number }> {
    const lastSealed = this.lastSealed;
    const found = await this.lookUpSealed(
      db,
      identities.map((identity) => identity.hash),
    );
    const known = new Map<string, Known>();
    for (const { hash, content } of identities) {
      const stored = found.get(hash);
      if (stored !== undefined) known.set(hash, { new: false, sameContent: stored === content });
    }
    return { known, lastSealed };
  }

  /** So many were inserted. */
  count(inserted: number): void {
    this.added += inserted;
  }

  private get lastSealed(): number {
    return this.sealed.at(-1)?.epoch ?? 0;
  }

  private async lookUpSealed(db: Queryable, hashes: string[]): Promise<Map<string, string>> {
    const perhaps: Whereabouts[] = [];
    if (this.sealed.length === 0) return new Map();
    for (const hash of hashes) {
      const words = hashWords(hash);
      for (const { epoch, filter } of this.sealed) if (filter.has(words)) perhaps.push({ hash, epoch });
    }
    return perhaps.length === 0 ? new Map() : findIdentities(db, perhaps);
  }
}

async function drawFilter(hashes: AsyncIterable<string[]>, count: number): Promise<Buffer> {
  const filter = IdentityFilter.forCount(count);
  for await (const page of hashes) for (const hash of page) filter.add(hashWords(hash));
  return filter.toBytes();
}
