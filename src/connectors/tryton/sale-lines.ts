// The lines of a sale, from those of a booking. Pure: what Tryton could not hold exactly is refused here.
import type { BookingPayload } from "../../connector/index.ts";
import type { Product, Unit } from "./directory.ts";
import { refused, TrytonFailed } from "./failure.ts";
import type { TrytonSettings } from "./settings.ts";
import { decimal, type Fields, floatValue } from "./values.ts";

export interface Named {
  products: ReadonlyMap<string, Product>;
  units: ReadonlyMap<string, Unit>;
}

/** The codes of all products that a booking names, those of its charges among them. */
export function codesOf({ lines, charges }: BookingPayload, settings: TrytonSettings): string[] {
  return [...lines.map(({ sku }) => sku), ...charges.map(({ kind }) => chargeCode(kind, settings))];
}

function chargeCode(kind: string, { charges }: TrytonSettings): string {
  const code = Object.hasOwn(charges, kind) ? charges[kind] : undefined;
  if (code !== undefined) return code;
  return refuse(
    "tryton.charge-unknown",
    `No product stands for a charge of the kind ${kind}: name it in charges.`,
  );
}

/** Line's number of ours and its note there, by which it is known again. */
export const noteOf = (kind: "line" | "charge", id: string): string => `${kind}:${id}`;

export function saleLines(payload: BookingPayload, named: Named, settings: TrytonSettings): Fields[] {
  const goods = payload.lines.map((line, index) => {
    const product = named.products.get(line.sku)!;
    const unit = named.units.get(line.unit);
    if (unit === undefined || unit.category !== product.category)
      return refuse("tryton.unit-unknown", `Tryton does not count ${line.sku} in ${line.unit}.`);
    const quantity = floatValue(line.quantity, unit.digits);
    if (quantity === undefined) {
      const why = `${line.quantity} ${line.unit} of ${line.sku} is more precise than its ${unit.digits} digits.`;
      return refuse("tryton.quantity-precision", why);
    }
    return {
      type: "line",
      sequence: index + 1,
      product: product.id,
      unit: unit.id,
      quantity,
      unit_price: decimal(unitPrice(line.price, line.priceUnit, line.sku, settings)),
      taxes: [["add", product.taxes]],
      description: line.description,
      note: noteOf("line", line.lineId),
    };
  });
  const charges = payload.charges.map((charge, index) => {
    const product = named.products.get(chargeCode(charge.kind, settings))!;
    const unit = [...named.units.values()].find(({ category }) => category === product.category);
    if (unit === undefined) return refuse("tryton.unit-unknown", `No unit counts charges of ${charge.kind}.`);
    return {
      type: "line",
      sequence: goods.length + index + 1,
      product: product.id,
      unit: unit.id,
      quantity: 1,
      unit_price: decimal(unitPrice(charge.amount, "1", charge.kind, settings)),
      taxes: [["add", product.taxes]],
      description: charge.description,
      note: noteOf("charge", charge.chargeId),
    };
  });
  return [...goods, ...charges];
}

/** For one unit; `priceUnit` is 1, 100 or 1000. Throws TrytonFailed where it has too many digits. */
export function unitPrice(
  price: string,
  priceUnit: string,
  what: string,
  { priceDigits }: Pick<TrytonSettings, "priceDigits">,
): string {
  const [, sign = "", whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(price) ?? [];
  const shift = priceUnit.length - 1;
  const digits = (whole + fraction).padStart(fraction.length + shift + 1, "0");
  const point = digits.length - fraction.length - shift;
  const rest = digits.slice(point).replace(/0+$/, "");
  if (rest.length > priceDigits) {
    const why = `The price of ${what}, ${price} per ${priceUnit}, has more than the ${priceDigits} digits of Tryton's.`;
    return refuse("tryton.price-precision", why);
  }
  const integer = digits.slice(0, point).replace(/^0+(?=\d)/, "");
  return `${sign}${integer}${rest === "" ? "" : `.${rest}`}`;
}

function refuse(code: string, reason: string): never {
  throw new TrytonFailed(refused(code, reason));
}
