// Places and goods of a movement in Tryton's words.
import type { MovementPayload } from "../../connector/index.ts";
import { type Decimal, formatDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import type { Desk } from "./booking.ts";
import type { Limits } from "./client.ts";
import { findProducts, findUnits } from "./directory.ts";
import { refused, TrytonFailed } from "./failure.ts";
import { floatValue, idOf } from "./values.ts";

export interface Place {
  warehouse: number;
  input: number;
  output: number;
  storage: number;
}

export async function placeOf({ client, settings }: Desk, location: string, limits: Limits): Promise<Place> {
  const code = Object.hasOwn(settings.locations, location) ? settings.locations[location] : undefined;
  if (code === undefined)
    return refuse("tryton.location-unknown", `No warehouse stands for ${location}: name it in locations.`);
  const domain = [
    ["code", "=", code],
    ["type", "=", "warehouse"],
  ];
  const fields = ["input_location", "output_location", "storage_location"];
  const [found] = await client.search("stock.location", domain, fields, limits);
  if (found === undefined)
    return refuse("tryton.unknown-name", `Tryton has no warehouse with the code ${code}.`);
  return {
    warehouse: idOf(found.id, "id"),
    input: idOf(found.input_location, "input_location"),
    output: idOf(found.output_location, "output_location"),
    storage: idOf(found.storage_location, "storage_location"),
  };
}

export interface Goods {
  product: number;
  unit: number;
  /** Above zero. */
  quantity: Decimal;
  amount: number;
}

export async function goodsOf(desk: Desk, payload: MovementPayload, limits: Limits): Promise<Goods> {
  const { sku, unit: code } = payload;
  const product = (await findProducts(desk.client, [sku], limits)).get(sku)!;
  const unit = (await findUnits(desk.client, desk.settings, limits)).get(code);
  if (unit === undefined || unit.category !== product.category)
    return refuse("tryton.unit-unknown", `Tryton does not count ${sku} in ${code}.`);
  const signed = parseDecimal(payload.quantity);
  const quantity = signed < ZERO ? -signed : signed;
  const amount = floatValue(formatDecimal(quantity), unit.digits);
  if (amount === undefined) {
    const why = `${payload.quantity} ${code} of ${sku} is more precise than its ${unit.digits} digits.`;
    return refuse("tryton.quantity-precision", why);
  }
  return { product: product.id, unit: unit.id, quantity, amount };
}

function refuse(code: string, reason: string): never {
  throw new TrytonFailed(refused(code, reason));
}
