// What was said of the items in the overlap, so that nothing is said twice, and a state that comes back within one tick
// of the source's clock is a change: 5, 7, 5 are three.
import type { Item, Position } from "./item.ts";

/** id, position, the versions that were seen there. */
export type Remembered = [id: string, position: string, ...versions: string[]];

export interface Memory {
  /** The mark that the item's version gets; undefined where it was said already. */
  note(item: Item): string | undefined;
  /** What is kept for the next reading. */
  since(position: Position | undefined): Remembered[];
}

export function memoryOf(remembered: readonly Remembered[]): Memory {
  const seen = new Map(
    remembered.map(([id, position, ...versions]) => [id, { position: BigInt(position), versions }]),
  );
  return {
    note(item) {
      // Without a position there is no order in which to forget: the receipts remember.
      if (item.position === undefined) return "";
      const held = seen.get(item.id);
      if (held === undefined || held.position < item.position) {
        seen.set(item.id, { position: item.position, versions: [item.version] });
        return "";
      }
      if (held.position > item.position) return "";
      const { versions } = held;
      if (item.byContent ? versions.at(-1) === item.version : versions.includes(item.version))
        return undefined;
      const times = versions.filter((version) => version === item.version).length;
      versions.push(item.version);
      return times === 0 ? "" : `.${times}`;
    },
    since(from) {
      return [...seen]
        .filter(([, { position }]) => from === undefined || position >= from)
        .map(([id, { position, versions }]): Remembered => [id, String(position), ...versions]);
    },
  };
}
