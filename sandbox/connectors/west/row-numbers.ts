// Which of WEST's row numbers have come. They run over all of its files without a gap, so one that is missing is in a
// file that is. Files that come in another order than they were written leave gaps for a while only.

/** From one number to another, both missing. */
interface Gap {
  from: number;
  to: number;
  /** When it was seen first. */
  sinceMs: number;
}

export interface RowNumbers {
  /** Of what is known to have been written. */
  highest: number;
  gaps: Gap[];
}

const SHOWN_MAX = 20;

/**
 * `last`: the last number that WEST had given when it wrote, whether or not its row has come. What came before the
 * first file that was ever read is not asked for.
 */
export function noteNumbers(
  known: RowNumbers | undefined,
  come: readonly number[],
  last: number,
  nowMs: number,
): RowNumbers | undefined {
  if (known === undefined && come.length === 0 && last === 0) return undefined;
  const sorted = [...come].sort((a, b) => a - b);
  let highest = known?.highest ?? (sorted[0] === undefined ? last : sorted[0] - 1);
  let gaps = known?.gaps ?? [];
  for (const number of sorted) {
    if (number <= highest) {
      gaps = gaps.flatMap((gap) => without(gap, number));
    } else {
      if (number > highest + 1) gaps = [...gaps, { from: highest + 1, to: number - 1, sinceMs: nowMs }];
      highest = number;
    }
  }
  if (last > highest) {
    gaps = [...gaps, { from: highest + 1, to: last, sinceMs: nowMs }];
    highest = last;
  }
  return { highest, gaps };
}

/** Such as "7, 12-14": what has been missing for so long; empty where nothing has. */
export function missingNumbers(known: RowNumbers | undefined, nowMs: number, afterMs: number): string {
  const due = (known?.gaps ?? []).filter(({ sinceMs }) => nowMs - sinceMs >= afterMs);
  const shown = due.slice(0, SHOWN_MAX).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  return due.length > SHOWN_MAX ? `${shown.join(", ")} and more` : shown.join(", ");
}

function without(gap: Gap, number: number): Gap[] {
  if (number < gap.from || number > gap.to) return [gap];
  const parts = [
    { ...gap, to: number - 1 },
    { ...gap, from: number + 1 },
  ];
  return parts.filter(({ from, to }) => from <= to);
}
