// A supplier shipment of part of a purchase's line: taken out of what Tryton expects of it.
import type { MovementPayload } from "../../connector/index.ts";
import { type Decimal, formatDecimal, minDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import type { Desk } from "./booking.ts";
import type { Limits } from "./client.ts";
import { refused, TrytonFailed } from "./failure.ts";
import { goodsOf, type Place } from "./stock-place.ts";
import { type Fields, idOf, numberOf } from "./values.ts";

interface Expected {
  line: number;
  supplier: number;
  ordered: Decimal;
  moves: { id: number; quantity: Decimal; isPlan: boolean; move: Fields }[];
}

export async function receipt(
  desk: Desk,
  payload: MovementPayload,
  place: Place,
  call: Limits,
): Promise<Fields> {
  const { quantity, amount, unit, product } = await goodsOf(desk, payload, call);
  const expected = await expectedOf(desk, payload, call);
  const plans = expected.moves.filter(({ isPlan }) => isPlan);
  const open = plans.reduce((sum, plan) => sum + plan.quantity, ZERO);
  const template = plans[0]?.move;
  const { document } = payload.inbound!;
  if (template === undefined || open < quantity) {
    const why = `Of ${payload.sku} in ${document} ${formatDecimal(open)} are expected, not ${formatDecimal(quantity)}.`;
    throw new TrytonFailed(refused("tryton.over-received", why));
  }
  if (idOf(template.uom, "uom") !== unit || idOf(template.product, "product") !== product) {
    const why = `${document} orders other goods, or counts them in another unit, than ${payload.movementId} says.`;
    throw new TrytonFailed(refused("tryton.unit-differs", why));
  }
  const move = {
    product,
    uom: unit,
    quantity: amount,
    from_location: idOf(template.from_location, "from_location"),
    to_location: place.input,
    unit_price: template.unit_price,
    currency: idOf(template.currency, "currency"),
    origin: `purchase.line,${expected.line}`,
  };
  return { supplier: expected.supplier, warehouse: place.warehouse, incoming_moves: [["create", [move]]] };
}

/** Cuts what is expected to what nobody has received, as often as it is asked. */
export async function settleReceipt(desk: Desk, payload: MovementPayload, call: Limits): Promise<void> {
  const { ordered, moves } = await expectedOf(desk, payload, call);
  let excess = moves.reduce((sum, { quantity }) => sum + quantity, ZERO) - ordered;
  for (const { id, quantity, isPlan } of moves) {
    if (!isPlan || excess <= ZERO) continue;
    const cut = minDecimal(excess, quantity);
    excess -= cut;
    if (cut === quantity) await desk.client.run("stock.move", "delete", [[id]], call);
    else {
      const left = Number(formatDecimal(quantity - cut));
      await desk.client.run("stock.move", "write", [[id], { quantity: left }], call);
    }
  }
}

async function expectedOf(
  { client, settings }: Desk,
  payload: MovementPayload,
  limits: Limits,
): Promise<Expected> {
  const { document, line } = payload.inbound!;
  const domain = [
    ["id", "=", /^[1-9]\d{0,9}$/.test(line) ? Number(line) : 0],
    ["purchase.number", "=", document],
    ["purchase.company", "=", settings.company],
  ];
  const [found] = await client.search("purchase.line", domain, ["quantity", "purchase.party"], limits);
  if (found === undefined) {
    throw new TrytonFailed(
      refused("tryton.purchase-unknown", `Tryton has no line ${line} in a purchase ${document}.`),
    );
  }
  const id = idOf(found.id, "id");
  const fields = [
    "state",
    "shipment",
    "quantity",
    "product",
    "uom",
    "unit_price",
    "currency",
    "from_location",
  ];
  const moves = await client.search("stock.move", [["origin", "=", `purchase.line,${id}`]], fields, limits);
  return {
    line: id,
    supplier: idOf((found["purchase."] as Fields).party, "party"),
    ordered: parseDecimal(numberOf(found, "quantity")),
    moves: moves.map((move) => ({
      id: idOf(move.id, "id"),
      quantity: parseDecimal(numberOf(move, "quantity")),
      isPlan: move.state === "draft" && (move.shipment === null || move.shipment === ""),
      move,
    })),
  };
}
