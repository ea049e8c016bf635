// A stable hash of a text: the same on every machine and in every release, since demo data depends on it.

/** FNV-1a over the UTF-16 units, finished as MurmurHash3 does, since short numbers differ in few bits. */
function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** An even spread over 0 … 9,999. `purpose` keeps one choice independent of the next. */
export function stableShare(purpose: string, text: string): number {
  return stableHash(`${purpose}:${text}`) % 10_000;
}
