// PostgreSQL array literals, built by hand: a set of a thousand rows is a handful of strings, and the
// driver's general array writer costs more than the statement.

/** For values that need no quoting: numbers, uuids, booleans, canonical times, exact decimals. */
export function plainArray(
  values: readonly (string | number | bigint | boolean | null | undefined)[],
): string {
  let text = "{";
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (index > 0) text += ",";
    text += value === null || value === undefined ? "NULL" : `${value}`;
  }
  return `${text}}`;
}

/** For any text; undefined is NULL. */
export function textArray(values: readonly (string | null | undefined)[]): string {
  let text = "{";
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (index > 0) text += ",";
    text += value === null || value === undefined ? "NULL" : quoted(value);
  }
  return `${text}}`;
}

function quoted(value: string): string {
  if (!/["\\]/.test(value)) return `"${value}"`;
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}
