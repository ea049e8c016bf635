// What the schema cannot say about outbound files.
import type { Fault } from "../../domains/explain.ts";
import type { CellSettings, OutboundSettings } from "./settings.ts";
import { compileTimeFormat } from "./time-cell.ts";
import { isZone } from "./zone.ts";

export function checkOutbound(path: string, target: OutboundSettings): Fault[] {
  const { format, columns, write = "lookup", batchMax = 1, name } = target;
  const faults: Fault[] = [];
  const fault = (setting: string, message: string) => faults.push({ path: `${path}.${setting}`, message });
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
  for (const [index, column] of columns.entries()) checkCell(`columns[${index}]`, column, target, fault);
  const names = columns.map((column) => column.name);
  const twice = names.find((column, index) => names.indexOf(column) !== index);
  if (twice !== undefined) fault("columns", `names ${JSON.stringify(twice)} twice.`);
  if (format.sumOf !== undefined && !names.includes(format.sumOf))
    fault("format.sumOf", `${JSON.stringify(format.sumOf)} is none of the columns.`);
  return faults;
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

function checkCell(path: string, column: CellSettings, { format, rows }: OutboundSettings, fault: Say): void {
  const origins = [column.field, column.line, column.constant, column.message].filter(
    (origin) => origin !== undefined,
  );
  if (origins.length !== 1) fault(path, "must have exactly one of field, line, constant and message.");
  if (column.line !== undefined && rows === undefined)
    fault(`${path}.line`, "is of an element of rows, and rows is not said: such as lines.");
  if ((format.kind === "fixed") !== (column.length !== undefined))
    fault(
      `${path}.length`,
      format.kind === "fixed" ? "is required of fixed width." : "is for fixed width alone.",
    );
  if (format.kind === "xml" && !/^[A-Za-z_][\w.-]*$/.test(column.name))
    fault(`${path}.name`, "is no name of an element.");
  if (column.format === undefined) {
    if (column.zone !== undefined) fault(`${path}.zone`, "says nothing without a format.");
    return;
  }
  if (column.zone === undefined && column.format !== "iso")
    fault(`${path}.zone`, "is required: such as Europe/London.");
  else if (column.zone !== undefined && !isZone(column.zone))
    fault(`${path}.zone`, `${JSON.stringify(column.zone)} is no time zone such as Europe/London.`);
  try {
    if (column.format !== "iso") compileTimeFormat(column.format);
  } catch (error) {
    fault(`${path}.format`, `${(error as Error).message}.`);
  }
}
