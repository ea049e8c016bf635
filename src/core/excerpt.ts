// Quotes the start of an outsider's text for an error message, so that no message grows with its input.

const LENGTH_MAX = 40;

export function excerpt(value: unknown): string {
  if (typeof value !== "string") return value === null ? "null" : `a value of type ${typeof value}`;
  return JSON.stringify(value.length > LENGTH_MAX ? `${value.slice(0, LENGTH_MAX)}…` : value);
}
