// Which sales a cancellation takes back: same customer and SKU, earlier in the file, newest first, over
// several sales. A unit that was sold once is taken back once at most.
import { type Decimal, formatDecimal, ZERO } from "../../src/core/decimal.ts";
import type { RetailLine } from "./orders.ts";

/** Units of one sale line that a cancellation takes back. */
export interface CreditedPart {
  order: string;
  lineId: string;
  sku: string;
  quantity: string;
  /** The price of the sale, not of the cancellation. */
  creditedPrice: string;
}

interface OpenSale {
  order: string;
  line: RetailLine;
  remaining: Decimal;
}

export class SalesLedger {
  /** Customer and SKU → its sales that still have units, oldest first. */
  readonly #open = new Map<string, OpenSale[]>();

  sell(customer: string, order: string, line: RetailLine, quantity: Decimal): void {
    const key = keyOf(customer, line.sku);
    const sales = this.#open.get(key);
    const sale = { order, line, remaining: quantity };
    if (sales === undefined) this.#open.set(key, [sale]);
    else sales.push(sale);
  }

  /** `left` is what no sale covers. */
  takeBack(customer: string, sku: string, quantity: Decimal): { parts: CreditedPart[]; left: Decimal } {
    const sales = this.#open.get(keyOf(customer, sku)) ?? [];
    const parts: CreditedPart[] = [];
    let left = quantity;
    while (left > ZERO && sales.length > 0) {
      const sale = sales.at(-1)!;
      const taken = left < sale.remaining ? left : sale.remaining;
      sale.remaining -= taken;
      left -= taken;
      if (sale.remaining === ZERO) sales.pop();
      parts.push({
        order: sale.order,
        lineId: sale.line.lineId,
        sku,
        quantity: formatDecimal(taken),
        creditedPrice: sale.line.price,
      });
    }
    return { parts, left };
  }
}

function keyOf(customer: string, sku: string): string {
  return `${customer}\n${sku}`;
}
