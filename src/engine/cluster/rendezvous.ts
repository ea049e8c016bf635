// Rendezvous hashing: every node computes the same owner of a name from the same set of nodes, and a node that
// comes or goes moves only the names that it gains or held.
import { crc32c } from "../../core/crc32c.ts";

/** The node that should own a name; undefined where there is none. */
export function ownerOf(name: string, nodes: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestScore = -1;
  for (const node of nodes) {
    const score = mix(crc32c(name), crc32c(node));
    if (score > bestScore || (score === bestScore && best !== undefined && node > best)) {
      best = node;
      bestScore = score;
    }
  }
  return best;
}

/** CRC is linear: without mixing, two nodes would share names by single bits of them. */
function mix(a: number, b: number): number {
  let h = a ^ Math.imul(b, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
