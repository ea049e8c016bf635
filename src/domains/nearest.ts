// Words like a mistyped one, nearest first, for messages that say what was probably meant. Never fails.

const WORD_LENGTH_MAX = 80;

/** Candidates at most a third of the word's letters away (one at least), or that begin with the word. */
function nearest(word: string, candidates: Iterable<string>, limit = 3): string[] {
  if (word === "" || word.length > WORD_LENGTH_MAX) return [];
  const wanted = word.toLowerCase();
  const distanceMax = Math.max(1, Math.floor(wanted.length / 3));
  const found: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    const lower = candidate.toLowerCase();
    const distance =
      wanted.length > 2 && lower.startsWith(wanted) ? 0 : editDistance(wanted, lower, distanceMax);
    if (distance <= distanceMax) found.push({ candidate, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  // Where one is almost right, the ones further off were not meant.
  const close = found.filter(({ distance }) => distance <= found[0]!.distance + 1);
  return close.slice(0, limit).map(({ candidate }) => candidate);
}

/** ` Did you mean "a" or "b"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const words = nearest(word, candidates).map((candidate) => JSON.stringify(candidate));
  return words.length === 0 ? "" : ` Did you mean ${words.join(" or ")}?`;
}

/** Insertions, deletions, changes and swaps of neighbours; anything above `max` is `max + 1`. */
function editDistance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1);
      }
      current.push(cost);
      least = Math.min(least, cost);
    }
    if (least > max) return max + 1;
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
