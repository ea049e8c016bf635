// Numbers that a log of changes must have and that have not come. One is waited for, since its transaction may not
// have committed; then it is passed, reported, and still looked for until it counts as rolled back. Pure.

/** Numbers from–to, both in it, and when they were first not there, in milliseconds since 1970. */
export interface Gap {
  from: bigint;
  to: bigint;
  sinceMs: number;
}

export interface Walk<R> {
  /** Rows that may be taken: all before them have come or are passed. */
  taken: R[];
  /** The last number that was taken or passed. */
  at: bigint | undefined;
  /** Waited for: nothing behind the first of them is taken. */
  waiting: Gap[];
  /** Passed just now. */
  passed: Gap[];
}

/** Takes rows in the order of their numbers. `waiting` is what the walk before this one left. */
export function walk<R>(
  rows: readonly { number: bigint; row: R }[],
  at: bigint | undefined,
  waiting: readonly Gap[],
  nowMs: number,
  waitMs: number,
): Walk<R> {
  const result: Walk<R> = { taken: [], at, waiting: [], passed: [] };
  let reached = at;
  for (const { number, row } of rows) {
    if (reached !== undefined && number > reached + 1n) {
      for (const gap of sinceWhen(reached + 1n, number - 1n, waiting, nowMs)) {
        const isOver = nowMs - gap.sinceMs >= waitMs;
        if (isOver && result.waiting.length === 0) result.passed.push(gap);
        else result.waiting.push(gap);
      }
    }
    reached = number;
    if (result.waiting.length > 0) continue;
    result.taken.push(row);
    result.at = number;
  }
  return result;
}

/** What is left of a gap keeps the time at which it was first seen. */
function sinceWhen(from: bigint, to: bigint, waiting: readonly Gap[], nowMs: number): Gap[] {
  const known = waiting.filter((gap) => gap.from <= to && gap.to >= from);
  const gaps: Gap[] = [];
  let next = from;
  for (const gap of known) {
    const start = gap.from > next ? gap.from : next;
    if (start > next) gaps.push({ from: next, to: start - 1n, sinceMs: nowMs });
    const end = gap.to < to ? gap.to : to;
    gaps.push({ from: start, to: end, sinceMs: gap.sinceMs });
    next = end + 1n;
  }
  if (next <= to) gaps.push({ from: next, to, sinceMs: nowMs });
  return gaps;
}

/** Without the numbers that came. */
export function without(gaps: readonly Gap[], numbers: readonly bigint[]): Gap[] {
  let left = [...gaps];
  for (const number of numbers) {
    left = left.flatMap((gap) => {
      if (number < gap.from || number > gap.to) return [gap];
      const parts: Gap[] = [];
      if (number > gap.from) parts.push({ ...gap, to: number - 1n });
      if (number < gap.to) parts.push({ ...gap, from: number + 1n });
      return parts;
    });
  }
  return left;
}

/** `7, 12-14` */
export function gapText(gaps: readonly Gap[]): string {
  return gaps.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}
