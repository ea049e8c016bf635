// Times and dates as Ledgerline writes them.
import { CrossdockError, localToUtc, type Time, timeFromEpochMs } from "../../../src/connector/index.ts";
import { type Fields, textOf } from "../native-fields.ts";

/** `/Date(1795506370000)/`, milliseconds since 1970, whole seconds. */
export function nativeMs(fields: Fields, name: string): number {
  const text = textOf(fields, name);
  const ms = /^\/Date\((-?\d{1,15})\)\/$/.exec(text)?.[1];
  if (ms === undefined) {
    throw new CrossdockError("native.unexpected", `${name} should be a time such as /Date(0)/, not ${text}.`);
  }
  return Number(ms);
}

export const nativeTime = (fields: Fields, name: string): Time => timeFromEpochMs(nativeMs(fields, name));

/** A moment in a filter. */
export const filterTime = (ms: number): string => `${timeFromEpochMs(ms).slice(0, 19)}Z`;

/** The first moment of a date. */
export const startOfDate = (date: string, timeZone: string): Time =>
  localToUtc(`${date} 00:00:00`, timeZone, "earlier");

/** The last second of a date: goods that are due on a day may come in its evening. */
export const endOfDate = (date: string, timeZone: string): Time =>
  localToUtc(`${date} 23:59:59`, timeZone, "later");
