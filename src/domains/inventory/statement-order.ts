// Which of one source's statements came first: by its own sequence where both carry one, else by its clock.
// A clock counts in steps of its resolution, cut off below; inside one step nothing is known (0). Comparing
// steps, not distances, keeps the order transitive, so that the order of arrival never matters.
import { epochMs, type Time } from "../../core/time.ts";

/** Below zero where `a` was earlier, zero where the clock cannot tell. A resolution below 1 ms counts as 1. */
export function compareTimes(a: Time, b: Time, resolutionMs: number): number {
  if (a === b) return 0;
  const order = a < b ? -1 : 1;
  if (resolutionMs <= 0) return order;
  const stepMs = resolutionMs < 1 ? 1 : resolutionMs;
  return Math.floor(epochMs(a) / stepMs) === Math.floor(epochMs(b) / stepMs) ? 0 : order;
}

/** Digits, compared as numbers of any length. */
export function compareSequences(a: string, b: string): number {
  if (a === b) return 0;
  if (a.length === b.length) return a < b ? -1 : 1;
  const left = withoutLeadingZeros(a);
  const right = withoutLeadingZeros(b);
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  return left === right ? 0 : left < right ? -1 : 1;
}

function withoutLeadingZeros(digits: string): string {
  let start = 0;
  while (start < digits.length - 1 && digits.charCodeAt(start) === 48) start++;
  return start === 0 ? digits : digits.slice(start);
}

/** Of two observations of one level; at the same sequence the clock decides. */
export function compareObservations(
  at: Time,
  sequence: string,
  heldAt: Time,
  heldSequence: string,
  resolutionMs: number,
): number {
  if (sequence !== "" && heldSequence !== "") {
    const order = compareSequences(sequence, heldSequence);
    if (order !== 0) return order;
  }
  return compareTimes(at, heldAt, resolutionMs);
}

/** Of a movement against an observation: one at the observation's own sequence is in the observed figure. */
export function compareMovement(
  occurredAt: Time,
  sequence: string,
  observedAt: Time,
  observedSequence: string,
  resolutionMs: number,
): number {
  if (sequence !== "" && observedSequence !== "") {
    return compareSequences(sequence, observedSequence) > 0 ? 1 : -1;
  }
  return compareTimes(occurredAt, observedAt, resolutionMs);
}

/**
 * Whether a figure observed at `observedAt` certainly nets an allocation. Inside one step of a coarse clock it
 * may not, and counts as if it did not: availability takes the lower figure.
 */
export function netsAllocation(allocatedAt: Time, observedAt: Time, resolutionMs: number): boolean {
  if (resolutionMs <= 0) return allocatedAt <= observedAt;
  return compareTimes(allocatedAt, observedAt, resolutionMs) < 0;
}
