// One resource of Ledgerline in memory: records by id in the order they were made, with indexes on
// fields that never change after creation.

import type { Dated } from "./records.ts";

export interface Entry<T> {
  record: T;
  /** LastChangeDateTime in milliseconds, whole seconds: the record's field holds its native text. */
  changedMs: number;
}

export interface CollectionOptions<T> {
  fields: ReadonlyArray<keyof T & string>;
  indexed: ReadonlyArray<keyof T & string>;
}

export class Collection<T extends Dated> {
  readonly name: string;
  readonly fields: ReadonlySet<string>;
  /** Ids count up without gaps from `firstId`, so an id is a position too. */
  readonly entries: Entry<T>[] = [];
  private readonly firstId: number;
  private readonly indexes = new Map<string, Map<unknown, Entry<T>[]>>();

  constructor(name: string, firstId: number, options: CollectionOptions<T>) {
    this.name = name;
    this.firstId = firstId;
    this.fields = new Set<string>(["ID", "LastChangeDateTime", ...options.fields]);
    for (const field of options.indexed) this.indexes.set(field, new Map());
  }

  add(make: (id: number) => Omit<T, keyof Dated>): T {
    const id = this.firstId + this.entries.length;
    const changedMs = wholeSecond();
    const record = { ID: id, ...make(id), LastChangeDateTime: nativeTime(changedMs) } as T;
    const entry = { record, changedMs };
    this.entries.push(entry);
    for (const [field, index] of this.indexes) {
      const value = record[field as keyof T];
      const held = index.get(value);
      if (held) held.push(entry);
      else index.set(value, [entry]);
    }
    return record;
  }

  touch(record: T): void {
    const entry = this.entries[record.ID - this.firstId] as Entry<T>;
    entry.changedMs = wholeSecond();
    record.LastChangeDateTime = nativeTime(entry.changedMs);
  }

  get(id: number): T | undefined {
    return this.entries[id - this.firstId]?.record;
  }

  /** The first record with this value in an indexed field. */
  first(field: keyof T & string, value: unknown): T | undefined {
    return this.indexes.get(field)?.get(value)?.[0]?.record;
  }

  /** The entries with this value, or undefined where the field has no index. */
  indexedBy(field: string, value: unknown): Entry<T>[] | undefined {
    const index = this.indexes.get(field);
    return index ? (index.get(value) ?? []) : undefined;
  }

  positionAfter(id: number): number {
    return Math.max(0, id - this.firstId + 1);
  }

  clear(): void {
    this.entries.length = 0;
    for (const index of this.indexes.values()) index.clear();
  }
}

function wholeSecond(): number {
  return Math.floor(Date.now() / 1000) * 1000;
}

function nativeTime(ms: number): string {
  return `/Date(${ms})/`;
}

export function nativeNow(): string {
  return nativeTime(wholeSecond());
}

export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
