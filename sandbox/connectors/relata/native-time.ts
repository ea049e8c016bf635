// Times as Relata writes them: `2026-11-24T07:00:00.000+0000`, whole seconds.
import { parseTime, type Time, timeFromEpochMs } from "../../../src/connector/index.ts";
import { type Fields, textOf } from "../native-fields.ts";

export const nativeTime = (fields: Fields, name: string): Time =>
  parseTime(textOf(fields, name).replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));

/** For a query. */
export const queryTime = (ms: number): string => `${timeFromEpochMs(ms).slice(0, 19)}Z`;
