// WEST's full stock set. ON_HAND leaves picked goods out, which are there until they are shipped: both are physical.
import type { MappedEvent } from "../../../src/connector/index.ts";
import { bad, textOf, unitsOf } from "./cells.ts";
import type { FileContext, Good } from "./map-file.ts";

/** The control count is the trailer's: a row that could not be read keeps anything from being zeroed. */
export function mapStock({ file, name, clock, location }: FileContext, good: Good): MappedEvent[] {
  const observedAt = clock.writtenAt;
  if (observedAt === undefined) throw bad("The header's time", "is missing");
  const set = { setId: `${name} ${file.time}`, observedAt };
  const events: MappedEvent[] = [];
  let held = 0;
  for (const row of file.rows) {
    const figures = good(row, () => ({
      sku: textOf(row, "ARTICLE"),
      physical: unitsOf(row, "ON_HAND") + unitsOf(row, "PICKED"),
      held: unitsOf(row, "HELD"),
    }));
    if (figures === undefined) continue;
    const level = (status: string, quantity: number): MappedEvent => ({
      type: "inventory.level.observed",
      data: { sku: figures.sku, location, status, quantity: String(quantity), ...set },
    });
    events.push(level("available", figures.physical));
    // What is not held at all is not in the set: then it stands at zero.
    if (figures.held === 0) continue;
    held += 1;
    events.push(level("held", figures.held));
  }
  events.push({ type: "inventory.set.observed", data: { location, ...set, count: file.count + held } });
  return events;
}
