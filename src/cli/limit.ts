// How many rows a list shows.
import { UsageError } from "./failure.ts";

const LIMIT_MAX = 500;

export function limitOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new UsageError(`--limit is a number from 1 to ${LIMIT_MAX}, not ${text}.`);
}
