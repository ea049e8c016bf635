// An internal shipment from or to what is lost and found: stock that is there, or is not there, without an order.
import type { MovementPayload } from "../../connector/index.ts";
import { parseDecimal, ZERO } from "../../core/decimal.ts";
import type { Desk } from "./booking.ts";
import type { Limits } from "./client.ts";
import { refused, TrytonFailed } from "./failure.ts";
import { goodsOf, type Place } from "./stock-place.ts";
import { type Fields, idOf } from "./values.ts";

export async function adjustment(
  desk: Desk,
  payload: MovementPayload,
  { storage, warehouse }: Place,
  call: Limits,
): Promise<Fields> {
  const { product, unit, amount } = await goodsOf(desk, payload, call);
  const lost = await lostAndFound(desk, warehouse, call);
  const [from, to] = parseDecimal(payload.quantity) < ZERO ? [storage, lost] : [lost, storage];
  const move = { product, uom: unit, quantity: amount, from_location: from, to_location: to };
  return { from_location: from, to_location: to, moves: [["create", [move]]] };
}

/** The warehouse's own, else the first there is. */
async function lostAndFound({ client }: Desk, warehouse: number, limits: Limits): Promise<number> {
  const [own] = await client.read("stock.location", [warehouse], ["lost_found_location"], limits);
  const held = own?.lost_found_location;
  if (held !== null && held !== undefined) return idOf(held, "lost_found_location");
  const [first] = await client.search("stock.location", [["type", "=", "lost_found"]], ["code"], limits);
  if (first !== undefined) return idOf(first.id, "id");
  throw new TrytonFailed(
    refused("tryton.unknown-name", "Tryton has no location for what is lost and found."),
  );
}
