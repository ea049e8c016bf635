// Says how much of one move leaves now, and that nothing else of its delivery does: 19 has the quantity on the move and
// ships what is picked; 14 has it on the lines below the move.
import type { Call, Desk } from "./client.ts";
import { type Fields, idOf, linkIdOf, micros, microsText, numberOf } from "./values.ts";

export function setShipped(
  desk: Desk,
  move: Fields,
  quantity: number,
  mark: string,
  call: Call,
): Promise<void> {
  return desk.settings.version === "19"
    ? setPicked(desk, move, quantity, mark, call)
    : setDone(desk, move, quantity, mark, call);
}

async function setPicked(
  { client }: Desk,
  move: Fields,
  quantity: number,
  mark: string,
  call: Call,
): Promise<void> {
  const id = idOf(move.id, "id");
  // Picked by somebody, or by an attempt that was refused: it does not leave with this one.
  const others = await client.search(
    "stock.move",
    [
      ["picking_id", "=", linkIdOf(move, "picking_id")],
      ["id", "!=", id],
      ["picked", "=", true],
      ["state", "not in", ["done", "cancel"]],
    ],
    ["picked"],
    call,
  );
  const picked = others.map((other) => idOf(other.id, "id"));
  if (picked.length > 0) await client.write("stock.move", picked, { picked: false }, call);
  await client.write("stock.move", [id], { origin: mark, quantity, picked: true }, call);
}

async function setDone(
  { client }: Desk,
  move: Fields,
  quantity: number,
  mark: string,
  call: Call,
): Promise<void> {
  const id = idOf(move.id, "id");
  await client.write("stock.move", [id], { origin: mark }, call);
  const domain = [["picking_id", "=", linkIdOf(move, "picking_id")]];
  const fields = ["move_id", "product_uom_qty", "qty_done", "product_uom_id"];
  const lines = await client.search("stock.move.line", domain, fields, call);
  const own = lines.filter((line) => linkIdOf(line, "move_id") === id);
  for (const line of lines) {
    if (own.includes(line) || numberOf(line, "qty_done") === "0") continue;
    await client.write("stock.move.line", [idOf(line.id, "id")], { qty_done: 0 }, call);
  }
  if (own.length === 0) {
    const values = {
      move_id: id,
      picking_id: linkIdOf(move, "picking_id"),
      product_id: linkIdOf(move, "product_id"),
      product_uom_id: linkIdOf(move, "product_uom"),
      location_id: linkIdOf(move, "location_id"),
      location_dest_id: linkIdOf(move, "location_dest_id"),
      qty_done: quantity,
    };
    await client.create("stock.move.line", values, call);
    return;
  }
  const parts = shares(
    microsOf(quantity),
    own.map((line) => micros(numberOf(line, "product_uom_qty"))),
  );
  for (const [index, line] of own.entries()) {
    const done = Number(microsText(parts[index]!));
    await client.write("stock.move.line", [idOf(line.id, "id")], { qty_done: done }, call);
  }
}

const microsOf = (quantity: number): bigint => BigInt(Math.round(quantity * 1e6));

/** As much of each as is reserved there; what is left over is taken from the first. */
export function shares(total: bigint, reserved: bigint[]): bigint[] {
  let left = total;
  const parts = reserved.map((there) => {
    const part = there < left ? there : left;
    left -= part;
    return part;
  });
  return parts.map((part, index) => (index === 0 ? part + left : part));
}
