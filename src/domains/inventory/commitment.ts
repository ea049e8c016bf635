// Commitments are the sums of live reservations by place, due time and channel, kept in the item so that a promise
// needs no other row. A sum that would fall below zero differs from its reservations: that throws.
import { checkRange, type Decimal, formatDecimal } from "../../core/decimal.ts";
import { CrossdockError } from "../../core/errors.ts";
import type { Commitment, Reservation } from "./state.ts";

/** `by`: more or less of what the reservation is part of. */
export function commit(
  commitments: Commitment[],
  { location, dueAt = "", channel }: Pick<Reservation, "location" | "dueAt" | "channel">,
  by: Decimal,
): Commitment[] {
  if (by === 0n) return commitments;
  const copy = commitments.slice();
  const index = copy.findIndex(
    (held) => held.location === location && held.dueAt === dueAt && held.channel === channel,
  );
  const quantity = checkRange((index < 0 ? 0n : copy[index]!.quantity) + by);
  if (quantity < 0n) {
    throw new CrossdockError(
      "inventory.commitments-differ",
      `${formatDecimal(-by)} cannot be taken off what is committed at ${location || "no place"}: that would be ${formatDecimal(quantity)}.`,
      { details: { location, dueAt, by: formatDecimal(by) } },
    );
  }
  if (index >= 0 && quantity === 0n) copy.splice(index, 1);
  else {
    const sum: Commitment = { location, dueAt, quantity };
    if (channel !== undefined) sum.channel = channel;
    if (index < 0) copy.push(sum);
    else copy[index] = sum;
  }
  return copy;
}
