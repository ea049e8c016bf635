// Dates in requests to Ledgerline: "YYYY-MM-DD" and nothing else.

import { type Fields, optionalText } from "../simulation/fields.ts";
import { Refusal } from "../simulation/refusal.ts";

export function optionalDate(fields: Fields, name: string): string | null {
  const value = optionalText(fields, name);
  if (value === undefined) return null;
  if (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(Date.parse(value))) {
    throw new Refusal(400, "FIELD_INVALID", `${name} must be a date as YYYY-MM-DD`);
  }
  return value;
}

export function requiredDate(fields: Fields, name: string): string {
  const value = optionalDate(fields, name);
  if (value === null) throw new Refusal(400, "FIELD_INVALID", `${name} must be a date as YYYY-MM-DD`);
  return value;
}
