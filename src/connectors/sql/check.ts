// What the schema cannot say of the settings.
import {
  type Fault,
  isZone,
  jsonPath,
  type OutboundType,
  payloadFields,
  payloadLists,
} from "../../connector/index.ts";
import { checkReadable, checkStream } from "./check-stream.ts";
import { TIME_KINDS } from "./columns.ts";
import type { CensusSource, SqlSettings, StagedColumn, Staging } from "./settings.ts";

export function checkSettings(settings: SqlSettings): Fault[] {
  const faults: Fault[] = [];
  if (settings.timeZone !== undefined && !isZone(settings.timeZone)) {
    faults.push({ path: "$.timeZone", message: 'is no time zone of the IANA, such as "Europe/Berlin".' });
    return faults;
  }
  if (settings.tls === "off" && settings.ca !== undefined) {
    faults.push({ path: "$.ca", message: "is not used where tls is off." });
  }
  for (const [name, stream] of Object.entries(settings.streams))
    faults.push(...checkStream(settings, name, stream));
  for (const [type, staging] of Object.entries(settings.staging)) {
    if (staging !== undefined) faults.push(...checkStaging(settings, type as OutboundType, staging));
  }
  for (const [index, census] of settings.census.entries()) {
    faults.push(...checkCensus(settings, census, ["census", index]));
  }
  return faults;
}

function checkCensus(settings: SqlSettings, census: CensusSource, path: (string | number)[]): Fault[] {
  const faults = checkReadable(settings, census, path);
  const { columns, key, time } = census;
  if (columns[key] !== "text" && columns[key] !== "integer") {
    faults.push({
      path: jsonPath([...path, "key"]),
      message: "must be a declared column of kind text or integer.",
    });
  }
  const kind = columns[time];
  if (kind === undefined || !TIME_KINDS.has(kind)) {
    faults.push({
      path: jsonPath([...path, "time"]),
      message: `must be a declared column of kind ${[...TIME_KINDS].join(" or ")}.`,
    });
  }
  return faults;
}

function checkStaging(settings: SqlSettings, type: OutboundType, staging: Staging): Fault[] {
  const path = ["staging", type];
  const faults = checkColumns(settings, staging, path, payloadFields(type), false);
  const lists = payloadLists(type);
  const { lines } = staging;
  if (lines === undefined) return faults;
  const inside = lists[lines.each];
  if (inside === undefined) {
    const names = Object.keys(lists);
    const known = names.length === 0 ? `${type} has none` : `${type} has ${names.join(", ")}`;
    return [
      ...faults,
      { path: jsonPath([...path, "lines", "each"]), message: `is no list of the message: ${known}.` },
    ];
  }
  return [...faults, ...checkColumns(settings, lines, [...path, "lines"], inside, true)];
}

function checkColumns(
  { timeZone }: SqlSettings,
  { key, columns }: { key: string; columns: Record<string, StagedColumn> },
  path: string[],
  fields: readonly string[],
  ofLine: boolean,
): Fault[] {
  const faults: Fault[] = [];
  for (const [name, column] of Object.entries(columns)) {
    const fault = (message: string) => faults.push({ path: jsonPath([...path, "columns", name]), message });
    const sources = [column.field, column.constant, column.message, column.line].filter(
      (source) => source !== undefined,
    );
    if (name === key) fault("is the key already: it is filled by itself.");
    else if (sources.length !== 1) fault("must have exactly one of field, constant, message and line.");
    else if (column.field !== undefined && !fields.includes(column.field)) {
      fault(`is filled from ${column.field}, which is no field of it: there are ${fields.join(", ")}.`);
    }
    if (column.line !== undefined && !ofLine) fault("is of no line: only columns of lines have a line.");
    if ((column.kind === "local-time" || column.kind === "date") && timeZone === undefined) {
      fault(`is a ${column.kind} without a zone: give timeZone, such as "Europe/Berlin".`);
    }
  }
  return faults;
}
