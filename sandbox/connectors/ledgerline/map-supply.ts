// Purchase orders as dated supply, line by line and absolute, and items with the unit that they are counted in.
import type { Mapping } from "../../../src/connector/index.ts";
import { formatDecimal, maxDecimal, parseDecimal, ZERO } from "../../../src/core/decimal.ts";
import { type Fields, listOf, numberOf, textOf } from "../native-fields.ts";
import { type MapContext, unitOf } from "./map-order.ts";
import { endOfDate, nativeMs, nativeTime } from "./native-time.ts";

export function mapPurchaseOrder(order: Fields, { settings }: MapContext): Mapping {
  const locations = new Map(Object.entries(settings.plants).map(([location, plant]) => [plant, location]));
  const document = textOf(order, "OrderNumber");
  const revision = String(nativeMs(order, "LastChangeDateTime"));
  const time = nativeTime(order, "LastChangeDateTime");
  const events = [];
  for (const [index, line] of listOf(order, "Lines").entries()) {
    const plant = textOf(line, "Plant");
    const location = locations.get(plant);
    if (location === undefined) {
      return { failed: `No location of ours is plant ${plant}.`, path: `$.Lines[${index}].Plant` };
    }
    const figure = (name: string) => parseDecimal(numberOf(line, name));
    const open = figure("Quantity") - figure("ReceivedQuantity") - figure("CancelledQuantity");
    const data = {
      sku: textOf(line, "ItemNumber"),
      location,
      document,
      line: numberOf(line, "LineNumber"),
      quantity: formatDecimal(maxDecimal(ZERO, open)),
      unit: unitOf(line, settings),
      dueAt: endOfDate(textOf(line, "DueDate"), settings.timeZone),
      revision,
    };
    events.push({ type: "inventory.inbound.expected", data, time });
  }
  return { events };
}

export function mapItem(item: Fields, { settings }: MapContext): Mapping {
  const unit = unitOf({ Unit: item.BaseUnit }, settings);
  const data = { sku: textOf(item, "ItemNumber"), unit, ratios: {} };
  return { events: [{ type: "inventory.item.defined", data, time: nativeTime(item, "LastChangeDateTime") }] };
}
