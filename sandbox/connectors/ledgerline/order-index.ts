// The sales orders that were met lately, by our number and by the ERP's: what of an order never changes is read once.
import { type Fields, numberOf } from "../native-fields.ts";
import type { CallOptions } from "../native-read.ts";
import { type LedgerlineClient, quoted } from "./client.ts";
import { excerptOf, identityOf, type OrderIdentity } from "./order-identity.ts";

export interface KnownOrder extends OrderIdentity {
  /** For the resource's address. */
  id: string;
  excerpt: Fields;
}

const KNOWN_MAX = 5_000;
/** Orders in one look-up: the query stays far below 8 KB. */
const LOOK_UP_MAX = 40;

export class OrderIndex {
  private readonly client: LedgerlineClient;
  private readonly byOrderId = new Map<string, KnownOrder>();
  private readonly byDocument = new Map<string, KnownOrder>();

  constructor(client: LedgerlineClient) {
    this.client = client;
  }

  note(record: Fields): KnownOrder {
    const identity = identityOf(record);
    const known = { ...identity, id: numberOf(record, "ID"), excerpt: excerptOf(record) };
    const held = this.byOrderId.get(known.orderId);
    // Booked twice: the first document is the one that counts.
    if (held !== undefined && Number(held.id) < Number(known.id)) return known;
    this.forget(known.orderId);
    this.byOrderId.set(known.orderId, known);
    this.byDocument.set(known.document, known);
    const oldest = this.byOrderId.keys().next().value;
    if (this.byOrderId.size > KNOWN_MAX && oldest !== undefined) this.forget(oldest);
    return known;
  }

  forget(orderId: string): void {
    const held = this.byOrderId.get(orderId);
    if (held === undefined) return;
    this.byOrderId.delete(orderId);
    this.byDocument.delete(held.document);
  }

  /** Those of these orders that the ERP has, by our number. Throws ReadFailed. */
  async find(orderIds: Iterable<string>, call?: () => CallOptions): Promise<Map<string, KnownOrder>> {
    const wanted = new Set(orderIds);
    const unknown = [...wanted].filter((orderId) => !this.byOrderId.has(orderId));
    for (let from = 0; from < unknown.length; from += LOOK_UP_MAX) {
      const names = unknown.slice(from, from + LOOK_UP_MAX).map(quoted);
      // One name is an equality, which the ERP answers from an index.
      const is = (field: string) =>
        names.length === 1 ? `${field} eq ${names[0]}` : `${field} in (${names})`;
      for (const field of ["CustomerReference", "OrderNumber"]) {
        for (const record of await this.client.listAll("SalesOrders", is(field), call?.())) this.note(record);
      }
    }
    const found = [...wanted].flatMap((orderId) => this.byOrderId.get(orderId) ?? []);
    return new Map(found.map((known) => [known.orderId, known]));
  }

  /** By the ERP's number. Throws ReadFailed. */
  async findDocuments(documents: Iterable<string>, call?: CallOptions): Promise<Map<string, KnownOrder>> {
    const wanted = [...new Set(documents)];
    const found = new Map<string, KnownOrder>();
    const unknown: string[] = [];
    for (const document of wanted) {
      const known = this.byDocument.get(document);
      if (known === undefined) unknown.push(document);
      else found.set(document, known);
    }
    for (const record of await this.client.listNamed("SalesOrders", "OrderNumber", unknown, call)) {
      const known = this.note(record);
      found.set(known.document, known);
    }
    return found;
  }
}
