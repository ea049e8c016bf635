// Which order of the input a document belongs to. Every system names it in its own way: the buyer's number on the
// channel's order, the channel's number in Crossdock, Crossdock's in the ERP, a release's at a warehouse.
import { ONE } from "./exact.ts";
import type { CrossdockLine, CrossdockOrder, Facts } from "./facts.ts";
import type { Expected, InputLine } from "./input.ts";

/** What a release's name adds to the order's: `TF-0000001-R2`, `801Q…-R1~802Q…,802Q…`, `SO-100001@EAST#1`. */
const SUFFIX = /[^A-Za-z0-9][A-Za-z0-9]+$/;

export class Trace {
  private readonly numbers: ReadonlySet<string>;
  /** Any name of an order → its number in the input. */
  private readonly names = new Map<string, string>();
  private readonly expected: Expected;
  /** ERP order → its lines. */
  private readonly erpLines = new Map<string, Map<string, InputLine>>();
  /** Input's number → Crossdock's lines of it, in their order. */
  private readonly crossdockLines = new Map<string, { lineId: string; line: InputLine | undefined }[]>();

  constructor(expected: Expected, facts: Facts) {
    this.expected = expected;
    this.numbers = new Set(expected.orders.keys());
    const { crossdock, erp, crm, portal } = facts;
    for (const order of [...portal.orders, ...crm]) this.learn(order.names, [order.purchaseOrder]);
    for (const order of erp.orders) this.learn([order.number], [order.reference, order.purchaseOrder]);
    for (const order of crossdock.orders) {
      this.learn([order.orderId], [order.reference, order.orderId, order.purchaseOrder]);
    }
    // Orders that Crossdock booked bear its number, which is known only now.
    for (const order of erp.orders) this.learn([order.number], [order.reference]);
    for (const order of erp.orders) {
      const goods = order.lines.filter((line) => !line.isFreight);
      this.erpLines.set(order.number, pairLines(goods, this.ordered(this.find(order.number))));
    }
    for (const order of crossdock.orders) this.learnLines(order);
  }

  /** The input's number behind a name, with the company before it (`main/TF-0000001`) or without. */
  find(name: string): string | undefined {
    if (this.numbers.has(name)) return name;
    const number = this.names.get(name);
    const company = number === undefined ? /^[^/!]*[/!]/.exec(name) : null;
    return company === null ? number : this.find(name.slice(company[0].length));
  }

  /** The same for a document at a warehouse, whose name may go on behind the order's. */
  findReleased(reference: string): string | undefined {
    for (let name = reference; name !== ""; name = name.replace(SUFFIX, "")) {
      const number = this.find(name);
      if (number !== undefined || !SUFFIX.test(name)) return number;
    }
    return undefined;
  }

  /** The line of the input that a line of an ERP order stands for. */
  inputLine(erpOrder: string, line: string): InputLine | undefined {
    return this.erpLines.get(erpOrder)?.get(line);
  }

  /**
   * The input's price of what a warehouse shipped. Where all lines of the SKU have one price, it does not matter
   * which it is; else the warehouse has the line's name, or a number for the names that ride on the reference.
   */
  shippedPrice(number: string, { reference, line, sku }: ShippedLine): bigint | undefined {
    const ofSku = this.ordered(number).filter((ordered) => ordered.sku === sku);
    if (new Set(ofSku.map((ordered) => ordered.price)).size === 1) return ofSku[0]!.price;
    const names = reference.split("~")[1]?.split(",");
    const name = names === undefined ? line : names[Number(line) - 1];
    const lines = this.crossdockLines.get(number) ?? [];
    const found = lines.find(({ lineId }) => lineId === name)?.line;
    return found?.sku === sku ? found.price : undefined;
  }

  private ordered(number: string | undefined): readonly InputLine[] {
    return this.expected.orders.get(number ?? "")?.lines ?? [];
  }

  private learnLines(order: CrossdockOrder): void {
    const number = this.find(order.orderId);
    if (number === undefined) return;
    const named = order.lines.map((line: CrossdockLine) => ({ ...line, line: line.lineId }));
    const pairs = pairLines(named, this.ordered(number));
    this.crossdockLines.set(
      number,
      named.map(({ lineId }) => ({ lineId, line: pairs.get(lineId) })),
    );
  }

  private learn(names: readonly string[], hints: readonly string[]): void {
    for (const hint of hints) {
      const number = hint === "" ? undefined : this.find(hint);
      if (number === undefined) continue;
      for (const name of names) if (!this.names.has(name)) this.names.set(name, number);
      return;
    }
  }
}

/** For documents that belong to no order of the input. */
export const named = (number: string | undefined, name: string): string => number ?? `? ${name}`;

interface ShippedLine {
  /** Of the outbound order. */
  reference: string;
  line: string;
  sku: string;
}

interface SoldLine {
  line: string;
  sku: string;
  quantity: bigint;
  /** Per `priceUnit` units. */
  price: bigint;
  priceUnit: bigint;
}

/**
 * Which line is which: those that agree in SKU, quantity and price, then in SKU and quantity, then in the SKU, so
 * that a line whose price was changed is still compared with the price that it should have.
 */
function pairLines(sold: readonly SoldLine[], ordered: readonly InputLine[]): Map<string, InputLine> {
  const pairs = new Map<string, InputLine>();
  const free = new Set(ordered);
  const agreements: ((a: SoldLine, b: InputLine) => boolean)[] = [
    (a, b) => a.quantity === b.quantity && hasPrice(a, b.price),
    (a, b) => a.quantity === b.quantity,
    () => true,
  ];
  for (const agree of agreements) {
    for (const line of sold) {
      if (pairs.has(line.line)) continue;
      for (const candidate of free) {
        if (candidate.sku !== line.sku || !agree(line, candidate)) continue;
        pairs.set(line.line, candidate);
        free.delete(candidate);
        break;
      }
    }
  }
  return pairs;
}

/** price ÷ price unit = the price of one, without dividing. */
const hasPrice = (line: SoldLine, one: bigint): boolean => line.price * ONE === one * line.priceUnit;

/** `stock:main/85123A` is SKU 85123A of the company main. */
export function splitKey(key: string): [domain: string, name: string] {
  const colon = key.indexOf(":");
  const name = key.slice(key.indexOf("/", colon) + 1);
  return [key.slice(0, Math.max(0, colon)), name.replaceAll("%2F", "/").replaceAll("%25", "%")];
}
