// Units between the ERP's words and ours.
import type { LedgerlineSettings } from "./settings.ts";

/** Our unit → its. What is not here it does not count in: it converts nothing. */
export function nativeUnits({ units }: LedgerlineSettings): ReadonlyMap<string, string> {
  return new Map(Object.entries(units).map(([native, ours]) => [ours, native]));
}
