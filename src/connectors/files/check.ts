// What the schema cannot say about settings: whether a place is complete, a format fits, and a mapping its contract.
import { Compile } from "typebox/compile";
import { type CatalogueEntry, catalogue, eventTypes } from "../../domains/catalogue.ts";
import type { Fault } from "../../domains/explain.ts";
import { didYouMean } from "../../domains/nearest.ts";
import { checkOutbound } from "./check-outbound.ts";
import { contractField, fieldsOf, requiredFields } from "./contract-field.ts";
import { columnsOf } from "./map.ts";
import type {
  EventSettings,
  FieldSettings,
  FilesSettings,
  FormatSettings,
  InboundSettings,
  PlaceSettings,
} from "./settings.ts";
import { compileTimeFormat, hasOffset } from "./time-cell.ts";
import { isZone } from "./zone.ts";

export function checkSettings({ at, inbound = {}, outbound = {} }: FilesSettings): Fault[] {
  return [
    ...checkPlace(at),
    ...Object.entries(inbound).flatMap(([name, stream]) => checkInbound(`$.inbound.${name}`, stream)),
    ...Object.entries(outbound).flatMap(([type, target]) => checkOutbound(`$.outbound["${type}"]`, target)),
  ];
}

function checkPlace(at: PlaceSettings): Fault[] {
  const faults: Fault[] = [];
  const need = (name: keyof PlaceSettings, why: string) => {
    if (at[name] === undefined) faults.push({ path: `$.at.${name}`, message: `is required: ${why}.` });
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
    faults.push({
      path: `$.at.${name}`,
      message: `says nothing where transport is "${at.transport}": leave it out.`,
    });
  if (at.transport === "folder") return faults;
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
  return faults;
}

function checkInbound(path: string, stream: InboundSettings): Fault[] {
  const { format, event, totals, ignore } = stream;
  const faults = [...checkFormat(`${path}.format`, format), ...checkEvent(`${path}.event`, event)];
  const known = knownColumns(format);
  const named = [...columnsOf(event), ...(totals?.of === undefined ? [] : [totals.of])];
  for (const column of new Set(named)) {
    if (known === undefined || known.includes(column)) continue;
    faults.push({
      path: `${path}.event`,
      message: `names the column ${JSON.stringify(column)}, which format.columns lacks.${didYouMean(column, known)}`,
    });
  }
  if (ignore !== undefined) faults.push(...checkPattern(`${path}.ignore`, ignore));
  if (totals !== undefined) {
    faults.push(...checkPattern(`${path}.totals.pattern`, totals.pattern));
    if (!/\(\?<(count|sum)>/.test(totals.pattern))
      faults.push({
        path: `${path}.totals.pattern`,
        message: "must have the group (?<count>…), (?<sum>…) or both.",
      });
    if (totals.pattern.includes("(?<sum>") && totals.of === undefined)
      faults.push({ path: `${path}.totals.of`, message: "is required: say which column is added up." });
    if (totals.sidecar === undefined && format.kind === "xml")
      faults.push({
        path: `${path}.totals.sidecar`,
        message: `is required: a trailer row cannot be told in ${format.kind}.`,
      });
  }
  if (stream.after === "keep" && (stream.archive ?? stream.errors) !== undefined)
    faults.push({ path: `${path}.after`, message: 'is "keep": then nothing is moved to archive or errors.' });
  return faults;
}

function checkFormat(path: string, format: FormatSettings): Fault[] {
  const faults: Fault[] = [];
  const only = (name: keyof FormatSettings, kinds: readonly FormatSettings["kind"][]) => {
    if (format[name] !== undefined && !kinds.includes(format.kind))
      faults.push({ path: `${path}.${name}`, message: `says nothing of ${format.kind}: leave it out.` });
  };
  only("separator", ["csv"]);
  only("quote", ["csv"]);
  only("header", ["csv"]);
  only("columns", ["csv", "fixed"]);
  only("skip", ["csv", "fixed", "json-lines"]);
  only("record", ["xml"]);
  for (const name of ["separator", "quote"] as const)
    if (format[name] !== undefined && !/^[\t -~]?$/.test(format[name]))
      faults.push({ path: `${path}.${name}`, message: "must be an ASCII character." });
  if (format.quote !== undefined && format.quote === (format.separator ?? ","))
    faults.push({ path: `${path}.quote`, message: "is the separator as well." });
  if (format.header === false && format.columns === undefined)
    faults.push({
      path: `${path}.columns`,
      message: "is required where there is no header: name the columns.",
    });
  if (format.header === true && format.columns !== undefined)
    faults.push({ path: `${path}.columns`, message: "is what the header says: leave one of the two out." });
  if (format.kind === "fixed" && format.columns === undefined)
    faults.push({ path: `${path}.columns`, message: "is required: say where each column stands." });
  for (const [index, { from, length }] of (format.columns ?? []).entries())
    if ((format.kind === "fixed") !== (from !== undefined && length !== undefined))
      faults.push({
        path: `${path}.columns[${index}]`,
        message: format.kind === "fixed" ? "needs from and length." : "has no from and length here.",
      });
  if (format.kind === "xml" && format.record === undefined)
    faults.push({
      path: `${path}.record`,
      message: "is required: the path of the element that is a row, /Stock/Item.",
    });
  return faults;
}

/** Undefined where the file itself says which there are. */
function knownColumns({ columns, kind }: FormatSettings): string[] | undefined {
  return kind === "csv" || kind === "fixed" ? columns?.map(({ name }) => name) : undefined;
}

export function checkPattern(path: string, pattern: string): Fault[] {
  try {
    new RegExp(pattern);
    return [];
  } catch (error) {
    return [{ path, message: `is no pattern: ${(error as Error).message}.` }];
  }
}

function checkEvent(path: string, event: EventSettings): Fault[] {
  const entry: CatalogueEntry | undefined = catalogue[event.type];
  if (entry === undefined || entry.decided) {
    const open = eventTypes.filter((type) => !catalogue[type]!.decided);
    const what = entry === undefined ? "is no event type." : "is a decision that only Crossdock makes.";
    return [{ path: `${path}.type`, message: `${what}${didYouMean(event.type, open)}` }];
  }
  const names = Object.keys(event.fields);
  const missing = requiredFields(entry.schema, names).filter((name) => !names.includes(name));
  return [
    ...missing.map((name) => ({
      path: `${path}.fields`,
      message: `lacks ${name}, which ${event.type} requires.`,
    })),
    ...Object.entries(event.fields).flatMap(([name, field]) =>
      checkField(`${path}.fields[${JSON.stringify(name)}]`, name, field, entry),
    ),
  ];
}

function checkField(
  path: string,
  name: string,
  field: FieldSettings,
  { schema, type }: CatalogueEntry,
): Fault[] {
  const target = contractField(schema, name);
  if (target === undefined)
    return [
      { path, message: `is no field of ${type} that a row can fill.${didYouMean(name, fieldsOf(schema))}` },
    ];
  const faults: Fault[] = [];
  const fault = (setting: string, message: string) => faults.push({ path: `${path}${setting}`, message });
  const origins = [field.column, field.columns, field.constant, field.file].filter(
    (origin) => origin !== undefined,
  );
  if (origins.length !== 1) fault("", "must have exactly one of column, columns, constant and file.");
  const fits = Compile(target.schema as never);
  const values = field.constant === undefined ? Object.values(field.words ?? {}) : [field.constant];
  for (const value of values)
    if (!fits.Check(value))
      fault(
        field.constant === undefined ? ".words" : ".constant",
        `${JSON.stringify(value)} is no ${name} of ${type}.`,
      );
  if (field.match !== undefined) faults.push(...checkPattern(`${path}.match`, field.match));
  const isPlain = field.constant === undefined && field.words === undefined && field.file === undefined;
  if (target.kind === "time" && isPlain) checkTime(field, fault);
  else if (field.format !== undefined || field.zone !== undefined)
    fault(".format", `says nothing of ${name}, which is no time read from a column.`);
  if (target.kind !== "decimal" && (field.decimal ?? field.scale ?? field.negate) !== undefined)
    fault("", `has decimal, scale or negate, and ${name} is no decimal.`);
  if (field.file === "modified" && target.kind !== "time") fault(".file", `is a time, and ${name} is none.`);
  const isRequired = requiredFields(schema, [name]).includes(name);
  if (field.optional === true && isRequired && field.default === undefined)
    fault(".optional", `is true, and ${type} requires ${name}: give a default.`);
  return faults;
}

function checkTime({ format, zone }: FieldSettings, fault: (setting: string, message: string) => void): void {
  if (format === undefined) {
    fault(".format", "is required of a time: such as yyyy-MM-dd HH:mm:ss, or iso.");
    return;
  }
  try {
    if (format !== "iso") compileTimeFormat(format);
  } catch (error) {
    fault(".format", `${(error as Error).message}.`);
    return;
  }
  if (hasOffset(format)) return;
  if (zone === undefined) fault(".zone", "is required of a time without an offset: such as Europe/London.");
  else if (!isZone(zone)) fault(".zone", `${JSON.stringify(zone)} is no time zone such as Europe/London.`);
}
