// Full jitter: anywhere between nothing and an exponentially growing bound, so that lanes that failed together
// do not come back together.

/** `failures` from 1; `random` in [0, 1). */
export function backoffMs(failures: number, firstMs: number, lastMs: number, random: number): number {
  const bound = Math.min(lastMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(1, random * bound);
}
