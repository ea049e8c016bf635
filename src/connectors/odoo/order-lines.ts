// The lines of a sales order, from those of a booking: what Odoo could not hold exactly is refused here.
import type { BookingPayload } from "../../connector/index.ts";
import type { Desk } from "./client.ts";
import { chargeCode, mustCountIn, type Named } from "./directory.ts";
import { refuse } from "./failure.ts";
import { type Fields, floatValue, idOf, micros, microsText } from "./values.ts";

/** As commands that create them with their order, in one transaction. */
export function orderLines(desk: Desk, payload: BookingPayload, { products }: Named): unknown[] {
  const { settings } = desk;
  const goods = payload.lines.map((line, index) => {
    const product = products.get(line.sku)!;
    mustCountIn(desk, product, line.unit);
    const quantity = floatValue(line.quantity, settings.quantityDigits);
    if (quantity === undefined) {
      const why = `${line.quantity} of ${line.sku} is more precise than the ${settings.quantityDigits} digits of Odoo's.`;
      return refuse("odoo.quantity-precision", why);
    }
    const price = unitPrice(line.price, line.priceUnit, line.sku, settings.priceDigits);
    return lineOf(product, index + 1, quantity, price, line.description);
  });
  const charges = payload.charges.map((charge, index) => {
    const product = products.get(chargeCode(desk, charge.kind))!;
    const price = unitPrice(charge.amount, "1", charge.kind, settings.priceDigits);
    return lineOf(product, goods.length + index + 1, 1, price, charge.description);
  });
  return [...goods, ...charges].map((line) => [0, 0, line]);
}

function lineOf(
  product: Fields,
  sequence: number,
  quantity: number,
  price: number,
  description: string,
): Fields {
  return {
    sequence,
    product_id: idOf(product.id, "id"),
    product_uom_qty: quantity,
    price_unit: price,
    // A price list's own rules would take it off a second time.
    discount: 0,
    ...(description === "" ? undefined : { name: description }),
  };
}

/** For one unit; `priceUnit` is 1, 100 or 1000. Throws OdooFailed where it has too many digits. */
export function unitPrice(price: string, priceUnit: string, what: string, digits: number): number {
  const total = micros(price);
  const per = BigInt(priceUnit);
  const step = 10n ** BigInt(6 - digits);
  const isExact = total % (per * step) === 0n;
  const number = floatValue(microsText(total / per), 6);
  if (isExact && number !== undefined) return number;
  const why = `The price of ${what}, ${price} per ${priceUnit}, has more than the ${digits} digits of Odoo's.`;
  return refuse("odoo.price-precision", why);
}
