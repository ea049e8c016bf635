// Dated supply per purchase order line, absolute and in the order of its revisions. `quantity` is what the source
// last said was open, less `received`: the receipts that it had not taken off by then. So a receipt is counted
// once whichever comes first; below zero, more came than was stated, and nothing more is expected.
import { checkRange, type Decimal, maxDecimal, minDecimal } from "../../core/decimal.ts";
import { addMs, parseTime, type Time } from "../../core/time.ts";
import { statedUnit, toBaseUnit } from "./base-unit.ts";
import type { StockChange, StockSource } from "./change.ts";
import type { InboundExpected } from "./contract.ts";
import { ownerOf, unknownLocation } from "./problem.ts";
import type { Inbound, StockItem } from "./state.ts";
import { compareSequences } from "./statement-order.ts";
import { changeOf, quarantine, type StockEvent } from "./stock-event.ts";

/** A line that is closed is kept so long after it was due, against statements and receipts that come late. */
const CLOSED_KEPT_MS = 30 * 86_400_000;

export function expectInbound(item: StockItem, event: StockEvent, source: StockSource): StockChange {
  const data = event.data as InboundExpected;
  const { document, line, location } = data;
  const dueAt = parseTime(data.dueAt);
  if (ownerOf(source, location) === undefined) {
    const said = { sku: item.sku, document, line, quantity: data.quantity, dueAt };
    return quarantine(item, unknownLocation(item.company, location, source.system, said));
  }
  // Held back rather than passed over where the unit is unknown: it may lower what is promised already.
  const stated = toBaseUnit(item, data.quantity, statedUnit(item, source.figure, data.unit));
  const index = findInbound(item.inbound, document, line);
  const held = index < 0 ? undefined : item.inbound[index]!;
  const revision = data.revision ?? held?.revision ?? "";
  if (held !== undefined && revision !== "" && held.revision !== "") {
    if (compareSequences(revision, held.revision) < 0) return changeOf(item, "stale");
  }
  const received = unaccounted(held, stated);
  const quantity = checkRange(stated - received);
  if (
    held !== undefined &&
    held.quantity === quantity &&
    held.received === received &&
    held.dueAt === dueAt &&
    held.location === location &&
    held.revision === revision
  ) {
    return changeOf(item, "confirmed");
  }
  const next: Inbound = {
    document,
    line,
    location,
    quantity,
    dueAt,
    revision,
    received,
  };
  return changeOf(
    { ...item, inbound: replaceInbound(item.inbound, index, next, event.recordedAt) },
    "applied",
  );
}

/**
 * The receipts that a statement has not taken off: what the figure fell by since the last one was taken off,
 * receipts first; a figure that did not fall knows of none of them.
 */
function unaccounted(held: Inbound | undefined, stated: Decimal): Decimal {
  if (held === undefined || held.received === 0n) return 0n;
  const fallen = held.quantity + held.received - stated;
  return fallen <= 0n ? held.received : maxDecimal(0n, held.received - fallen);
}

/** A receipt closes its line in part, also before the line was ever stated. A reversed receipt opens it again. */
export function receiveInbound(
  inbound: Inbound[],
  reference: { document: string; line: string },
  location: string,
  quantity: Decimal,
  occurredAt: Time,
  recordedAt: Time,
): Inbound[] {
  const { document, line } = reference;
  const index = findInbound(inbound, document, line);
  const held: Inbound =
    index < 0
      ? { document, line, location, quantity: 0n, dueAt: occurredAt, revision: "", received: 0n }
      : inbound[index]!;
  // No more is opened again than was received and is not in the source's own figure yet.
  const counted = quantity < 0n ? -minDecimal(held.received, -quantity) : quantity;
  if (counted === 0n) return inbound;
  const next = {
    ...held,
    quantity: checkRange(held.quantity - counted),
    received: checkRange(held.received + counted),
  };
  return replaceInbound(inbound, index, next, recordedAt);
}

function findInbound(inbound: Inbound[], document: string, line: string): number {
  for (let index = 0; index < inbound.length; index++) {
    if (inbound[index]!.line === line && inbound[index]!.document === document) return index;
  }
  return -1;
}

/** Also lets go of lines that were closed long ago, so that an item does not grow for ever. */
function replaceInbound(inbound: Inbound[], index: number, next: Inbound, recordedAt: Time): Inbound[] {
  const keptFrom = addMs(recordedAt, -CLOSED_KEPT_MS);
  const kept = inbound.filter((line, at) => at !== index && (line.quantity > 0n || line.dueAt >= keptFrom));
  kept.push(next);
  return kept;
}
