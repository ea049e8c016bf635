// Where in the configuration's file something was declared, so that a finding can say `file:line:column`.
// Kept beside the data, never in it; where a place is not known there is none.

type Callable = (...given: never[]) => unknown;

const placesOf = new WeakMap<object, ReadonlyMap<string, string>>();
const ownPlace = new WeakMap<object, string>();

/** Where the given function was called from: `file:///…/crossdock.config.ts:14:5`. */
export function callerPlace(called: Callable): string | undefined {
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, called);
  const frame = trace.stack?.split("\n")[1]?.trim();
  return frame === undefined ? undefined : /\(?((?:file:|\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/.exec(frame)?.[1];
}

export function notePlace<T extends object>(subject: T, place: string | undefined): T {
  if (place !== undefined) ownPlace.set(subject, place);
  return subject;
}

export function placeOf(subject: object): string | undefined {
  return ownPlace.get(subject);
}

/** Path (`flows.availability`, `systems.erp`; empty: the whole) → place. */
export function notePlaces(integration: object, places: ReadonlyMap<string, string>): void {
  placesOf.set(integration, places);
}

export function copyPlaces(from: object, to: object): void {
  const places = placesOf.get(from);
  if (places !== undefined) placesOf.set(to, places);
}

/** The place of the nearest thing declared around a path. */
export function placeAt(integration: object, path: string): string | undefined {
  const places = placesOf.get(integration);
  for (let at = path; places !== undefined && at !== ""; at = at.slice(0, Math.max(at.lastIndexOf("."), 0))) {
    const place = places.get(at);
    if (place !== undefined) return place;
  }
  return places?.get("");
}
