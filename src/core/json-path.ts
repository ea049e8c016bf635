// Where in a document something is wrong: `$.lines[2].quantity`, as RFC 9535 writes a path.
// A text that is not a JSON Pointer, or not a path, throws.
import { CrossdockError } from "./errors.ts";
import { excerpt } from "./excerpt.ts";

const SHORTHAND = /^[A-Za-z_\u{80}-\u{10ffff}][A-Za-z0-9_\u{80}-\u{10ffff}]*$/u;
const INDEX = /^(?:0|[1-9][0-9]{0,14})$/;

export function jsonPath(segments: readonly (string | number)[]): string {
  let path = "$";
  for (const segment of segments) {
    if (typeof segment === "number") path += `[${segment}]`;
    else if (SHORTHAND.test(segment)) path += `.${segment}`;
    else path += `[${quote(segment)}]`;
  }
  return path;
}

/** What a path names: one place in the document, `$`, or in what is looked at in it, `@`. */
export interface JsonPath {
  root: "$" | "@";
  segments: readonly (string | number)[];
}

const SEGMENT =
  /\.([A-Za-z_\u{80}-\u{10ffff}][A-Za-z0-9_\u{80}-\u{10ffff}]*)|\[(\d{1,15})\]|\['((?:[^'\\]|\\.)*)'\]/uy;

/** Reads a path that names one place, as `jsonPath` writes it. No wildcards, no filters, no counting from the end. */
export function parseJsonPath(text: string): JsonPath {
  const root = text[0];
  const segments = root === "$" || root === "@" ? segmentsOf(text) : undefined;
  if (segments !== undefined) return { root: root as "$" | "@", segments };
  throw new CrossdockError("json.invalid-path", `${excerpt(text)} is no path such as $.lines[0].quantity.`);
}

/** Undefined where the text goes on in another way than a path does. */
function segmentsOf(text: string): (string | number)[] | undefined {
  const segments: (string | number)[] = [];
  for (let at = 1; at < text.length; ) {
    SEGMENT.lastIndex = at;
    const [whole, name, index, quoted] = SEGMENT.exec(text) ?? [];
    const segment = name ?? (index === undefined ? unquote(quoted) : Number(index));
    if (whole === undefined || segment === undefined) return undefined;
    segments.push(segment);
    at += whole.length;
  }
  return segments;
}

/** What stands at the segments; undefined where nothing does. Only what the document itself holds is found. */
export function valueAt(document: unknown, segments: readonly (string | number)[]): unknown {
  let value = document;
  for (const segment of segments) {
    if (typeof value !== "object" || value === null) return undefined;
    if (typeof segment === "number" && !Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string | number, unknown>)[segment];
  }
  return value;
}

/** The path of an RFC 6901 pointer. A pointer does not tell an index from a name of digits: an index is read. */
export function fromPointer(pointer: string): string {
  if (pointer === "") return "$";
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) {
    throw new CrossdockError("json.invalid-pointer", `${excerpt(pointer)} is not a JSON Pointer.`);
  }
  const segments = pointer
    .slice(1)
    .split("/")
    .map((part) => (INDEX.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
  return jsonPath(segments);
}

function quote(name: string): string {
  const inner = JSON.stringify(name).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner}'`;
}

function unquote(inner: string | undefined): string | undefined {
  if (inner === undefined) return undefined;
  try {
    return JSON.parse(`"${inner.replaceAll("\\'", "'").replaceAll('"', '\\"')}"`);
  } catch {
    return undefined;
  }
}
