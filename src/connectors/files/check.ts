// What the schema cannot say about settings: whether a place is complete, a format fits, and a mapping its contract.
import {
  checkFields,
  didYouMean,
  type Fault,
  type OutboundType,
  type Report,
  reporter,
  type SettingPath,
} from "../../connector/index.ts";
import { checkOutbound } from "./check-outbound.ts";
import { columnsOf } from "./map.ts";
import type {
  EventSettings,
  FilesSettings,
  FormatSettings,
  InboundSettings,
  PlaceSettings,
  TotalsSettings,
} from "./settings.ts";

export function checkSettings({ at, inbound = {}, outbound = {} }: FilesSettings): Fault[] {
  const faults: Fault[] = [];
  const report = reporter(faults);
  checkPlace(at, report);
  for (const [name, stream] of Object.entries(inbound)) checkInbound(["inbound", name], stream, report);
  for (const [type, target] of Object.entries(outbound))
    checkOutbound(type as OutboundType, ["outbound", type], target, report);
  return faults;
}

function checkPlace(at: PlaceSettings, report: Report): void {
  const need = (name: keyof PlaceSettings, why: string) => {
    if (at[name] === undefined) report(["at", name], `is required: ${why}.`);
  };
  const given = (
    ["host", "port", "user", "password", "privateKey", "passphrase", "hostKey", "ca"] as const
  ).filter((name) => at[name] !== undefined);
  const known = {
    folder: [] as string[],
    sftp: ["host", "port", "user", "password", "privateKey", "passphrase", "hostKey"],
    ftps: ["host", "port", "user", "password", "ca"],
  }[at.transport];
  for (const name of given.filter((name) => !known.includes(name)))
    report(["at", name], `says nothing where transport is "${at.transport}": leave it out.`);
  if (at.transport === "folder") return;
  need("host", "say which server");
  need("user", "say who logs in");
  if (at.transport === "ftps") need("password", "FTPS logs in with one");
  if (at.transport === "sftp") {
    need(
      "hostKey",
      "without the server's key anybody could pose as it; `ssh-keyscan HOST | ssh-keygen -lf -` shows it",
    );
    if (at.password === undefined) need("privateKey", "give a private key or a password");
  }
}

function checkInbound(at: SettingPath, stream: InboundSettings, report: Report): void {
  const { format, event, totals, ignore } = stream;
  checkFormat([...at, "format"], format, report);
  checkEvent([...at, "event"], event, report);
  const known = knownColumns(format);
  const named = [...columnsOf(event), ...(totals?.of === undefined ? [] : [totals.of])];
  for (const column of new Set(named)) {
    if (known === undefined || known.includes(column)) continue;
    const meant = didYouMean(column, known);
    report(
      [...at, "event"],
      `names the column ${JSON.stringify(column)}, which format.columns lacks.${meant}`,
    );
  }
  if (ignore !== undefined) checkPattern([...at, "ignore"], ignore, report);
  if (totals !== undefined) checkTotals([...at, "totals"], totals, format, report);
  if (stream.after === "keep" && (stream.archive ?? stream.errors) !== undefined)
    report([...at, "after"], 'is "keep": then nothing is moved to archive or errors.');
}

function checkTotals(at: SettingPath, totals: TotalsSettings, format: FormatSettings, report: Report): void {
  const { pattern, of, sidecar } = totals;
  checkPattern([...at, "pattern"], pattern, report);
  if (!/\(\?<(count|sum)>/.test(pattern))
    report([...at, "pattern"], "must have the group (?<count>…), (?<sum>…) or both.");
  if (pattern.includes("(?<sum>") && of === undefined)
    report([...at, "of"], "is required: say which column is added up.");
  if (sidecar === undefined && format.kind === "xml")
    report([...at, "sidecar"], `is required: a trailer row cannot be told in ${format.kind}.`);
}

function checkFormat(at: SettingPath, format: FormatSettings, report: Report): void {
  const fault = (name: string, message: string) => report([...at, name], message);
  const only = (name: keyof FormatSettings, kinds: readonly FormatSettings["kind"][]) => {
    if (format[name] !== undefined && !kinds.includes(format.kind))
      fault(name, `says nothing of ${format.kind}: leave it out.`);
  };
  only("separator", ["csv"]);
  only("quote", ["csv"]);
  only("header", ["csv"]);
  only("columns", ["csv", "fixed"]);
  only("skip", ["csv", "fixed", "json-lines"]);
  only("record", ["xml"]);
  for (const name of ["separator", "quote"] as const)
    if (format[name] !== undefined && !/^[\t -~]?$/.test(format[name]))
      fault(name, "must be an ASCII character.");
  if (format.quote !== undefined && format.quote === (format.separator ?? ","))
    fault("quote", "is the separator as well.");
  if (format.header === false && format.columns === undefined)
    fault("columns", "is required where there is no header: name the columns.");
  if (format.header === true && format.columns !== undefined)
    fault("columns", "is what the header says: leave one of the two out.");
  if (format.kind === "fixed" && format.columns === undefined)
    fault("columns", "is required: say where each column stands.");
  for (const [index, { from, length }] of (format.columns ?? []).entries())
    if ((format.kind === "fixed") !== (from !== undefined && length !== undefined))
      report(
        [...at, "columns", index],
        format.kind === "fixed" ? "needs from and length." : "has no from and length here.",
      );
  if (format.kind === "xml" && format.record === undefined)
    fault("record", "is required: the path of the element that is a row, /Stock/Item.");
}

/** Undefined where the file itself says which there are. */
function knownColumns({ columns, kind }: FormatSettings): string[] | undefined {
  return kind === "csv" || kind === "fixed" ? columns?.map(({ name }) => name) : undefined;
}

function checkPattern(at: SettingPath, pattern: string, report: Report): void {
  try {
    new RegExp(pattern);
  } catch (error) {
    report(at, `is no pattern: ${(error as Error).message}.`);
  }
}

const FILLED_BY = ["column", "columns", "constant", "file"] as const;

function checkEvent(at: SettingPath, event: EventSettings, report: Report): void {
  const known = checkFields(event.type, event.fields, at, report);
  for (const [name, { kind }] of known) {
    const field = event.fields[name]!;
    const place = [...at, "fields", name];
    if (kind === "structure") report(place, "is no single value: fill its own fields, such as lines[].sku.");
    if (FILLED_BY.filter((origin) => field[origin] !== undefined).length !== 1)
      report(place, "must have exactly one of column, columns, constant and file.");
    if (field.match !== undefined) checkPattern([...place, "match"], field.match, report);
    if (field.file === "modified" && kind !== "time")
      report([...place, "file"], `is a time, and ${name} is none.`);
  }
}
