// Purchase orders as dated supply, line by line and absolute; products with the unit that they are counted in.
import { CrossdockError, localToUtc, type MappedEvent, type Mapping } from "../../connector/index.ts";
import { type Decimal, formatDecimal, maxDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import { skuOf } from "./identity.ts";
import { type MapContext, unitOf } from "./map-sale.ts";
import { symbolOf } from "./sale-reading.ts";
import { dateOf, type Fields, fieldsOf, listOf, numberOf, textOf } from "./values.ts";

/** What is no longer expected needs a date all the same. */
const LONG_AGO = "1970-01-01";

export function mapPurchase(body: Fields, { settings }: MapContext): Mapping {
  const locations = new Map(Object.entries(settings.locations).map(([ours, code]) => [code, ours]));
  const document = textOf(body, "number");
  const revision = textOf(body, "revision");
  const lines = listOf(body.lines, "lines");
  const gone = body.gone === undefined ? [] : listOf(body.gone, "gone");
  const events: MappedEvent[] = [];
  for (const [index, line] of [...lines, ...gone].entries()) {
    const isGone = index >= lines.length;
    const code = textOf(fieldsOf(isGone ? body.goneFrom : body.warehouse, "warehouse"), "code");
    const location = locations.get(code);
    if (location === undefined)
      return {
        failed: `No location of ours is the warehouse ${code}: name it in locations.`,
        path: "$.warehouse",
      };
    const sku = skuOf(line);
    if (sku === "") return { failed: "A product of it has no code.", path: `$.lines[${index}]` };
    const open = isGone ? undefined : openOf(line);
    const due = open?.due ?? LONG_AGO;
    const data = {
      sku,
      location,
      document,
      line: numberOf(line, "id"),
      // Without a date it is no dated supply: nobody can be promised it.
      quantity: formatDecimal(open?.due === undefined ? ZERO : open.quantity),
      unit: unitOf(line, "unit", settings),
      dueAt: localToUtc(`${due} 23:59:59`, settings.timeZone, "later"),
      revision,
    };
    events.push({ type: "inventory.inbound.expected", data });
  }
  return events.length === 0 ? { ignored: "It supplies no goods." } : { events };
}

/** A line comes by its last open move: by then all that is open is there. */
function openOf(line: Fields): { quantity: Decimal; due: string | undefined } {
  let quantity = parseDecimal(numberOf(line, "quantity"));
  const dates: string[] = [];
  for (const move of listOf(line.moves, "moves")) {
    const state = textOf(move, "state");
    if (state === "done" || state === "cancelled") quantity -= inUnitOf(line, move);
    else {
      const planned = dateOf(move, "planned_date");
      if (planned !== undefined) dates.push(planned);
    }
  }
  return { quantity: maxDecimal(ZERO, quantity), due: dates.sort().at(-1) ?? dateOf(line, "delivery_date") };
}

function inUnitOf(line: Fields, move: Fields): Decimal {
  const moved = parseDecimal(numberOf(move, "quantity"));
  if (symbolOf(move, "uom") === symbolOf(line, "unit")) return moved;
  const why = `A move is counted in ${symbolOf(move, "uom")}, its line in ${symbolOf(line, "unit")}.`;
  throw new CrossdockError("native.unmapped", why);
}

export function mapProduct(body: Fields, { settings }: MapContext): Mapping {
  const product = fieldsOf(body.product, "product");
  const unit = unitOf(product, "default_uom", settings);
  return {
    events: [
      {
        type: "inventory.item.defined",
        data: { sku: textOf(product, "code"), unit, ratios: {} },
        time: textOf(body, "changedAt"),
      },
    ],
  };
}
