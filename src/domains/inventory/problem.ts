// The problems that one event of a SKU can raise. A fingerprint names what has to be put right, so that a
// thousand messages about it are one entry of the worklist.
import { locationKey } from "../key.ts";
import type { Problem, ProblemCode } from "../reaction.ts";
import type { StockSource } from "./change.ts";
import type { StockItem } from "./state.ts";
import type { StockEvent } from "./stock-event.ts";

export interface LevelPlace {
  location: string;
  status: string;
  owner: string;
  lot: string;
}

/** location/status/owner/lot */
export const placeName = (place: LevelPlace): string =>
  `${place.location}/${place.status}/${place.owner}/${place.lot}`;

export const fingerprint = (code: ProblemCode, key: string, about: string): string =>
  about === "" ? `${code}/${key}` : `${code}/${key}@${about}`;

export function stockProblem(
  code: ProblemCode,
  event: StockEvent,
  about: string,
  title: string,
  detail: Record<string, unknown>,
): Problem {
  return {
    code,
    fingerprint: fingerprint(code, event.key, about),
    title,
    detail: { ...detail, eventId: event.id },
    system: event.source,
    key: event.key,
  };
}

/** Nobody's place, or not the sender's: what was said is kept in the detail as a proposal. */
export function refusedPlace(
  item: StockItem,
  event: StockEvent,
  source: StockSource,
  location: string,
  about: string,
  proposal: Record<string, unknown>,
): Problem | undefined {
  const owner = ownerOf(source, location);
  if (owner === source.system) return undefined;
  if (owner === undefined) return unknownLocation(item.company, location, source.system, proposal);
  return stockProblem(
    "inventory.not-owner",
    event,
    `${about}:${source.system}`,
    `${source.system} reported ${item.sku} at ${location}, which is kept by ${owner}.`,
    { ...proposal, location, system: source.system, owner },
  );
}

export function ownerOf(source: StockSource, location: string): string | undefined {
  return Object.hasOwn(source.owners, location) ? source.owners[location] : undefined;
}

/** One problem per place and system, whatever it says of how many SKUs. */
export function unknownLocation(
  company: string,
  location: string,
  system: string,
  proposal: Record<string, unknown>,
): Problem {
  const key = locationKey(company, location);
  return {
    code: "inventory.unknown-location",
    fingerprint: fingerprint("inventory.unknown-location", key, system),
    title: `${system} reported stock at ${location}, which no system is declared to keep.`,
    detail: { ...proposal, location, system },
    system,
    key,
  };
}
