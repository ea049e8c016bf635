// Units that a place's figures net, as a column: null where there are none, as there are nowhere but at such places.
import { parseDecimal } from "../core/decimal.ts";
import type { Time } from "../core/time.ts";
import type { Netted } from "../domains/inventory/state.ts";
import { documentText } from "./stock.ts";

export const nettedText = (netted: readonly Netted[]): string | null =>
  netted.length === 0 ? null : documentText(netted);

export function readNetted(text: string | null): Netted[] {
  if (text === null) return [];
  return (JSON.parse(text) as { quantity: string; since: Time }[]).map(({ quantity, since }) => ({
    quantity: parseDecimal(quantity),
    since,
  }));
}
