// What the schema cannot say about outbound files.
import {
  checkTimeRule,
  didYouMean,
  type OutboundType,
  payloadFields,
  payloadLists,
  type Report,
  type SettingPath,
} from "../../connector/index.ts";
import type { CellSettings, OutboundSettings } from "./settings.ts";

export function checkOutbound(
  type: OutboundType,
  at: SettingPath,
  target: OutboundSettings,
  report: Report,
): void {
  const { format, columns, rows, write = "lookup", batchMax = 1, name } = target;
  const fault = (setting: string, message: string) => report([...at, ...setting.split(".")], message);
  if (!/\{(key|deliveryId)\}/.test(name) && write !== "absolute")
    fault("name", "must hold {key} or {deliveryId}: otherwise one file takes the place of another.");
  if (batchMax > 1 && write === "lookup")
    fault(
      "write",
      'is "lookup", and a file of many messages cannot be looked up by one: say "none", "absolute" or batchMax 1.',
    );
  if (batchMax > 1 && !name.includes("{deliveryId}"))
    fault(
      "name",
      "must hold {deliveryId} where a file holds many messages: that of the first tells files apart.",
    );
  if (write !== "lookup" && target.taken !== undefined)
    fault("taken", 'says nothing where write is not "lookup".');
  checkFormat(target, fault);
  const lists = payloadLists(type);
  if (rows !== undefined && !Object.hasOwn(lists, rows))
    fault("rows", `is no list of ${type}.${didYouMean(rows, Object.keys(lists))}`);
  const paths = { field: payloadFields(type), line: lists[rows ?? ""] };
  for (const [index, column] of columns.entries()) {
    const place = [...at, "columns", index];
    checkCell(column, target, (setting, message) => report([...place, ...setting], message));
    for (const origin of ["field", "line"] as const) {
      const path = column[origin];
      const known = paths[origin];
      if (path === undefined || known === undefined || known.includes(path)) continue;
      const message = `names ${JSON.stringify(path)}, which ${type} does not have there.`;
      report([...place, origin], `${message}${didYouMean(path, known)}`);
    }
  }
  const names = columns.map((column) => column.name);
  const twice = names.find((column, index) => names.indexOf(column) !== index);
  if (twice !== undefined) fault("columns", `names ${JSON.stringify(twice)} twice.`);
  if (format.sumOf !== undefined && !names.includes(format.sumOf))
    fault("format.sumOf", `${JSON.stringify(format.sumOf)} is none of the columns.`);
}

type Say = (setting: string, message: string) => void;

function checkFormat({ format }: OutboundSettings, fault: Say): void {
  const only = (setting: keyof OutboundSettings["format"], ...kinds: string[]) => {
    if (format[setting] !== undefined && !kinds.includes(format.kind))
      fault(`format.${setting}`, `says nothing of ${format.kind}: leave it out.`);
  };
  only("separator", "csv");
  only("quote", "csv");
  only("header", "csv", "fixed");
  only("newline", "csv", "fixed", "json-lines");
  only("trailer", "csv", "fixed");
  only("root", "xml");
  only("record", "xml");
  if (format.kind === "xml" && format.root === undefined)
    fault("format.root", "is required: the document's element.");
  if (format.kind === "xml" && format.record === undefined)
    fault("format.record", "is required: a row's element.");
  if (format.trailer?.includes("{sum}") === true && format.sumOf === undefined)
    fault("format.sumOf", "is required: say which column {sum} adds up.");
  if (format.bom === true && (format.encoding === "latin1" || format.encoding === "windows-1252"))
    fault("format.bom", `is true, and ${format.encoding} has no byte order mark.`);
}

function checkCell(
  column: CellSettings,
  { format, rows }: OutboundSettings,
  fault: (setting: string[], message: string) => void,
): void {
  const origins = [column.field, column.line, column.constant, column.message].filter(
    (origin) => origin !== undefined,
  );
  if (origins.length !== 1) fault([], "must have exactly one of field, line, constant and message.");
  if (column.line !== undefined && rows === undefined)
    fault(["line"], "is of an element of rows, and rows is not said: such as lines.");
  if ((format.kind === "fixed") !== (column.length !== undefined))
    fault(["length"], format.kind === "fixed" ? "is required of fixed width." : "is for fixed width alone.");
  if (format.kind === "xml" && !/^[A-Za-z_][\w.-]*$/.test(column.name))
    fault(["name"], "is no name of an element.");
  if (column.format !== undefined || column.zone !== undefined)
    checkTimeRule(column, (setting, message) => fault([setting], message));
}
