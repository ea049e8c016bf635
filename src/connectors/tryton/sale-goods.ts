// What of a sale's line is still to be shipped: the moves that Tryton planned for it. Parts of them are taken into
// documents of ours; what is left of the plan is what nobody has taken.
import { type Decimal, formatDecimal, minDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import type { Desk } from "./booking.ts";
import type { Limits } from "./client.ts";
import { refused, TrytonFailed } from "./failure.ts";
import { lineIdentity } from "./identity.ts";
import { readLines } from "./sale-reading.ts";
import { type Fields, idOf, idsOf, numberOf, textOf, textOr } from "./values.ts";

export interface SoldLine {
  id: number;
  line: Fields;
  quantity: Decimal;
  moves: Planned[];
}
export interface Planned {
  id: number;
  move: Fields;
  quantity: Decimal;
  /** The shipment that Tryton planned it in, while it may be changed; undefined: it is no plan any more. */
  plan: number | undefined;
}

const MOVE = [
  "state",
  "quantity",
  "product",
  "uom",
  "uom.symbol",
  "unit_price",
  "currency",
  "from_location",
  "to_location",
  "to_location.type",
  "shipment",
];

/** The lines of a sale with these numbers of ours. Throws TrytonFailed where there is none. */
export async function soldLines(
  desk: Desk,
  sale: Fields,
  keys: string[],
  limits: Limits,
): Promise<Map<string, SoldLine>> {
  const { client } = desk;
  const ours = sale.ours === true;
  const lines = await readLines(
    client,
    [
      ["sale", "=", idOf(sale.id, "id")],
      ["type", "=", "line"],
    ],
    limits,
  );
  const found = new Map<string, SoldLine>();
  for (const key of new Set(keys)) {
    const line = lines.find((one) => {
      const identity = lineIdentity(one, ours);
      return identity.kind === "line" && identity.key === key;
    });
    if (line === undefined) {
      const why = `${textOf(sale, "number")} has no line of ours called ${key}.`;
      throw new TrytonFailed(refused("tryton.line-unknown", why));
    }
    const id = idOf(line.id, "id");
    const moves = await plannedMoves(desk, id, limits);
    found.set(key, { id, line, quantity: parseDecimal(numberOf(line, "quantity")), moves });
  }
  return found;
}

async function plannedMoves({ client }: Desk, line: number, limits: Limits): Promise<Planned[]> {
  const moves = await client.search("stock.move", [["origin", "=", `sale.line,${line}`]], MOVE, limits);
  const out = moves.filter((move) => (move["to_location."] as Fields).type === "customer");
  const shipments = out.flatMap((move) => shipmentOf(move) ?? []);
  const domain = [
    ["id", "in", shipments],
    ["reference", "in", [null, ""]],
    ["state", "in", ["draft", "waiting"]],
  ];
  const plans =
    shipments.length === 0 ? [] : await client.search("stock.shipment.out", domain, ["state"], limits);
  const open = new Set(plans.map((plan) => idOf(plan.id, "id")));
  return out.map((move) => {
    const shipment = shipmentOf(move);
    const planned = move.state === "draft" && shipment !== undefined && open.has(shipment);
    return {
      id: idOf(move.id, "id"),
      move,
      quantity: parseDecimal(numberOf(move, "quantity")),
      plan: planned ? shipment : undefined,
    };
  });
}

function shipmentOf(move: Fields): number | undefined {
  const [model, id] = (textOr(move, "shipment") ?? "").split(",");
  return model === "stock.shipment.out" ? Number(id) : undefined;
}

/** What may still be taken of a line. */
export const openOf = ({ moves }: SoldLine): Decimal =>
  moves.reduce((sum, { plan, quantity }) => (plan === undefined ? sum : sum + quantity), ZERO);

/** Cuts the plan to what nobody has taken, as often as it is asked: Tryton itself would only ever add to it. */
export async function cutPlan(desk: Desk, lines: Iterable<SoldLine>, call: Limits): Promise<void> {
  const cuts = new Map<number, Cut[]>();
  for (const { quantity, moves } of lines) {
    let excess = moves.reduce((sum, move) => sum + move.quantity, ZERO) - quantity;
    for (const { id, plan, quantity: held } of moves) {
      if (plan === undefined || excess <= ZERO) continue;
      const cut = minDecimal(excess, held);
      excess -= cut;
      cuts.set(plan, [...(cuts.get(plan) ?? []), { id, left: held - cut }]);
    }
  }
  for (const [plan, some] of cuts) await changePlan(desk, plan, some, call);
}

interface Cut {
  id: number;
  left: Decimal;
}

/** What is picked for a move is planned beside it; both change in one call, so that nobody picks what is gone. */
async function changePlan({ client }: Desk, plan: number, cuts: readonly Cut[], call: Limits): Promise<void> {
  const model = "stock.shipment.out";
  const [{ inventory_moves }] = (await client.read(model, [plan], ["inventory_moves"], call)) as [Fields];
  const picks = await client.read("stock.move", idsOf(inventory_moves, "inventory_moves"), ["origin"], call);
  const actions = cuts.flatMap(({ id, left }) => {
    const ids = [
      id,
      ...picks.filter(({ origin }) => origin === `stock.move,${id}`).map((pick) => idOf(pick.id, "id")),
    ];
    return [left === ZERO ? ["delete", ids] : ["write", ids, { quantity: Number(formatDecimal(left)) }]];
  });
  await client.run(model, "write", [[plan], { moves: actions }], call);
  const [left] = await client.read(model, [plan], ["moves"], call);
  if (idsOf(left!.moves, "moves").length === 0) await client.run(model, "cancel", [[plan]], call);
}

/** A move of ours for part of a line, as Tryton would have planned it. */
export function partOf({ id, moves, line }: SoldLine, quantity: number, from: number): Fields {
  const template = (moves.find(({ plan }) => plan !== undefined) ?? moves[0]!).move;
  return {
    product: idOf(template.product, "product"),
    uom: idOf(template.uom, "uom"),
    quantity,
    from_location: from,
    to_location: idOf(template.to_location, "to_location"),
    unit_price: template.unit_price ?? line.unit_price,
    currency: idOf(template.currency, "currency"),
    origin: `sale.line,${id}`,
  };
}
