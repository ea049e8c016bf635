// Keeps secrets out of whatever is written down: an object that holds one serialises and prints without it, while
// its owner reads it as before.
import { inspect } from "node:util";
import { jsonPath } from "../core/json-path.ts";
import { HIDDEN } from "../policy/values.ts";

/** Marks the objects in `value` that hold what is at the given JSON paths. */
export function hideSecrets<T>(value: T, paths: ReadonlySet<string>): T {
  if (paths.size > 0) visit(value, [], paths);
  return value;
}

function visit(value: unknown, path: readonly (string | number)[], paths: ReadonlySet<string>): void {
  if (typeof value !== "object" || value === null) return;
  const hidden: string[] = [];
  for (const [name, item] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(name) : name];
    if (paths.has(jsonPath(at))) hidden.push(name);
    else visit(item, at, paths);
  }
  if (hidden.length === 0) return;
  const masked = () => {
    const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    for (const name of hidden) copy[name] = HIDDEN;
    return copy;
  };
  Object.defineProperty(value, "toJSON", { value: masked });
  Object.defineProperty(value, inspect.custom, { value: masked });
}
