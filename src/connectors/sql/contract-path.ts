// Paths such as `order.orderId` and `lines[0].sku`, in an event's contract and in its data.
import { catalogue, type SchemaNode } from "../../connector/index.ts";

export type Path = readonly (string | number)[];

export function readPath(text: string): Path {
  return [...text.matchAll(/[A-Za-z]+|\d+/g)].map(([part]) => (/^\d/.test(part) ? Number(part) : part));
}

/** What the contract says of a place; absent: it has no such place. */
export function nodeAt(type: string, path: Path): SchemaNode | undefined {
  let node = catalogue[type]?.schema as SchemaNode | undefined;
  for (const part of path) node = typeof part === "number" ? node?.items : node?.properties?.[part];
  return node;
}

/** Makes the objects and lists on the way. */
export function setAt(data: object, path: Path, value: unknown): void {
  let holder = data as Record<string | number, unknown>;
  for (const [index, part] of path.entries()) {
    if (index === path.length - 1) holder[part] = value;
    else {
      holder[part] ??= typeof path[index + 1] === "number" ? [] : {};
      holder = holder[part] as Record<string | number, unknown>;
    }
  }
}
