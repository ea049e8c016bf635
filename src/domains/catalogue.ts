// Every event there is: its contract, the key that orders it and the field that says when it happened.
// What does not fit comes back as faults with their JSON paths; nothing here throws for what a message says.
import type { TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { CrossdockError } from "../core/errors.ts";
import { excerpt } from "../core/excerpt.ts";
import type { Time } from "../core/time.ts";
import { explain, type Fault } from "./explain.ts";
import { findFault, type Inspection, inspectionOf, withCanonicalTimes } from "./inspection.ts";
import { inventoryContracts } from "./inventory/contract.ts";
import { locationKey, orderKey, stockKey } from "./key.ts";
import { didYouMean } from "./nearest.ts";
import { orderDecisions, orderFacts } from "./order/contract.ts";

export type { Fault } from "./explain.ts";

export interface CatalogueEntry {
  readonly type: string;
  /** The published contract of the event's data. */
  readonly schema: TSchema;
  /** Compiled on first use. */
  readonly validator: Validator;
  /** Only Crossdock says it; accepted from nobody. */
  readonly decided: boolean;
  /** The key that orders it, of data that fits the contract. */
  keyOf(company: string, data: unknown): string;
  /** When it happened, of normalised data; absent where the contract has no such field: the envelope says. */
  timeOf(data: unknown): Time | undefined;
}

interface CompiledEntry extends CatalogueEntry {
  readonly inspection: Inspection;
  readonly hasCompany: boolean;
}

/** Wire type → the field that holds when it happened. */
const timeFields: Record<string, string> = {
  "inventory.level.observed": "observedAt",
  "inventory.set.observed": "observedAt",
  "inventory.movement.recorded": "occurredAt",
  "inventory.allocation.confirmed": "confirmedAt",
  "order.submitted": "placedAt",
  "order.booked": "bookedAt",
  "order.release.confirmed": "confirmedAt",
  "order.pick.short": "reportedAt",
  "order.cancellation.requested": "requestedAt",
  "order.cancellation.confirmed": "confirmedAt",
  "shipment.shipped": "shippedAt",
  "shipment.delivered": "deliveredAt",
  "invoice.posted": "postedAt",
  "return.requested": "requestedAt",
  "return.received": "receivedAt",
  "order.accepted": "acceptedAt",
  "order.released": "releasedAt",
  "order.closed": "closedAt",
};

const inventoryDecisions: ReadonlySet<string> = new Set([
  "inventory.reserved",
  "inventory.reservation.changed",
  "inventory.released",
]);

type Keyed = { sku: string; location: string; orderId: string };
type KeyOf = (company: string, data: unknown) => string;
const bySku: KeyOf = (company, data) => stockKey(company, (data as Keyed).sku);
const byLocation: KeyOf = (company, data) => locationKey(company, (data as Keyed).location);
const byOrder: KeyOf = (company, data) => orderKey(company, (data as Keyed).orderId);

const entries: Record<string, CompiledEntry> = buildEntries();

/** Wire type → its entry; a name that is no event type has none, `constructor` included. */
export const catalogue: Readonly<Record<string, CatalogueEntry>> = entries;

export const eventTypes: readonly string[] = Object.keys(entries);

/** Empty where the data fits; at most FAULTS_MAX faults otherwise. Paths begin at the event's data. */
export function validateEvent(type: string, data: unknown): Fault[] {
  const entry = entries[type];
  if (entry === undefined) return [unknownType(type)];
  if (!entry.validator.Check(data)) {
    const faults = explain(entry.schema, data);
    return faults.length > 0 ? faults : [{ path: "$", message: `does not fit the contract of ${type}.` }];
  }
  const fault = findFault(entry.inspection, data);
  return fault === undefined ? [] : [fault];
}

/**
 * The data with canonical times and, where it is given and the contract has one, the company filled in. The
 * data itself comes back where there is nothing to change; it is never changed in place.
 */
export function normalise<Data>(type: string, data: Data, company?: string): Data {
  const entry = entries[type];
  if (entry === undefined) throw new CrossdockError("event.unknown-type", unknownType(type).message);
  const canonical = withCanonicalTimes(entry.inspection, data);
  if (company === undefined || !entry.hasCompany) return canonical;
  return (canonical as { company?: string }).company === undefined ? { ...canonical, company } : canonical;
}

function unknownType(type: string): Fault {
  const message = `${excerpt(type)} is no event type.`;
  if (typeof type !== "string") return { path: "$.type", message };
  const hint = didYouMean(type, eventTypes);
  if (hint !== "") return { path: "$.type", message: message + hint };
  const domain = `${type.slice(0, Math.max(type.indexOf("."), 0))}.`;
  const siblings = domain === "." ? [] : eventTypes.filter((known) => known.startsWith(domain));
  return {
    path: "$.type",
    message:
      siblings.length > 0
        ? `${message} There are ${siblings.join(", ")}.`
        : `${message} See the event catalogue.`,
  };
}

function buildEntries(): Record<string, CompiledEntry> {
  // Without a prototype, so that `constructor` is no event type.
  const built: Record<string, CompiledEntry> = Object.create(null);
  for (const [type, schema] of Object.entries(inventoryContracts)) {
    const keyOf = type === "inventory.set.observed" ? byLocation : bySku;
    built[type] = entry(type, schema, inventoryDecisions.has(type), keyOf);
  }
  for (const [type, schema] of Object.entries(orderFacts)) built[type] = entry(type, schema, false, byOrder);
  for (const [type, schema] of Object.entries(orderDecisions))
    built[type] = entry(type, schema, true, byOrder);
  return built;
}

function entry(type: string, schema: TSchema, decided: boolean, keyOf: KeyOf): CompiledEntry {
  const field = timeFields[type];
  let validator: Validator | undefined;
  let inspection: Inspection | undefined;
  return {
    type,
    schema,
    decided,
    keyOf,
    hasCompany: "company" in (schema as { properties: object }).properties,
    timeOf:
      field === undefined ? () => undefined : (data) => (data as Record<string, Time | undefined>)[field],
    get validator() {
      validator ??= Compile(schema) as Validator;
      return validator;
    },
    get inspection() {
      inspection ??= inspectionOf(schema);
      return inspection;
    },
  };
}
