// Where in a document something is wrong: `$.lines[2].quantity`, as RFC 9535 writes a path.
// A text that is not a JSON Pointer throws.
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
