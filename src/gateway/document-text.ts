// JSON text of an answer; decimals in memory become exact decimal texts.
import { formatDecimal } from "../core/decimal.ts";

export const documentText = (value: unknown): string => JSON.stringify(value, asText);

function asText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? formatDecimal(value) : value;
}
