// The records of a simulated Odoo: fields as its models have them, domains as it reads them, dates as it keeps them.
export type Row = Record<string, unknown> & { id: number };

/** A Python exception as Odoo names it, and the status that JSON-2 gives it. */
export class Fault extends Error {
  readonly python: string;
  readonly status: number;

  constructor(python: string, status: number, message: string) {
    super(message);
    this.python = python;
    this.status = status;
  }
}
export const userError = (message: string) => new Fault("odoo.exceptions.UserError", 422, message);

/** Field → the model that it links to, `lines` of one, or nothing. */
export type Model = Record<string, string>;

export class Store {
  readonly tables = new Map<string, Map<number, Row>>();
  readonly models: Record<string, Model>;
  /** Each model counts its own. */
  private readonly ids = new Map<string, number>();
  /** The start of the transaction under way, to the microsecond. */
  now = "";
  private lastMicros = 0;

  constructor(models: Record<string, Model>) {
    this.models = models;
  }

  /** A call is a transaction: its start is what its records are dated with. */
  begin(): string {
    const micros = Math.max(this.lastMicros + 1, Date.now() * 1000);
    this.lastMicros = micros;
    const text = new Date(Math.floor(micros / 1000)).toISOString().replace("T", " ").replace("Z", "");
    this.now = `${text}${String(micros % 1000).padStart(3, "0")}`;
    return this.now;
  }

  rows(model: string): Row[] {
    return [...(this.tables.get(model)?.values() ?? [])];
  }

  get(model: string, id: unknown): Row {
    const row = this.tables.get(model)?.get(Number(id));
    if (row !== undefined) return row;
    throw new Fault("odoo.exceptions.MissingError", 404, "Record does not exist or has been deleted.");
  }

  create(model: string, values: Record<string, unknown>): Row {
    this.check(model, Object.keys(values));
    const id = (this.ids.get(model) ?? 0) + 1;
    this.ids.set(model, id);
    const dates = { create_date: this.now, write_date: this.now };
    const row: Row = { active: true, ...values, ...dates, id };
    const table = this.tables.get(model) ?? new Map<number, Row>();
    table.set(row.id, row);
    this.tables.set(model, table);
    return row;
  }

  write(model: string, row: Row, values: Record<string, unknown>): void {
    this.check(model, Object.keys(values));
    Object.assign(row, values, { write_date: this.now });
  }

  check(model: string, fields: string[]): void {
    for (const field of fields) {
      if (field in this.models[model]! || ALWAYS.has(field)) continue;
      throw new Fault("builtins.ValueError", 500, `Invalid field '${field}' on model '${model}'`);
    }
  }

  search(model: string, domain: unknown[][], context: Record<string, unknown>): Row[] {
    const named = domain.map(([field]) => String(field));
    this.check(
      model,
      named.map((field) => field.split(".")[0]!),
    );
    const showsAll = context.active_test === false || named.includes("active");
    return this.rows(model).filter(
      (row) =>
        (showsAll || row.active !== false) &&
        domain.every(([field, operator, value]) =>
          fits(this.value(model, row, String(field)), String(operator), value),
        ),
    );
  }

  private value(model: string, row: Row, path: string): unknown {
    const [field, ...rest] = path.split(".");
    const value = row[field!] ?? false;
    if (rest.length === 0 || value === false) return value;
    const linked = this.models[model]![field!]!;
    return this.value(linked, this.get(linked, value), rest.join("."));
  }

  /** As it is answered: links with their names, dates cut to the second. */
  shown(model: string, row: Row, fields: string[]): Record<string, unknown> {
    this.check(model, fields);
    const shown: Record<string, unknown> = { id: row.id };
    for (const field of fields) {
      const value = row[field] ?? false;
      const linked = this.models[model]![field];
      if (linked && typeof value === "number") {
        const other = this.get(linked, value);
        shown[field] = [value, String(other.name ?? other.id)];
      } else if (typeof value === "string" && STAMP.test(value)) shown[field] = value.slice(0, 19);
      else shown[field] = value;
    }
    return shown;
  }
}

const ALWAYS = new Set(["id", "create_date", "write_date", "active", "name"]);
const STAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/;

function fits(value: unknown, operator: string, wanted: unknown): boolean {
  switch (operator) {
    case "=":
      return value === wanted;
    case "!=":
      return value !== wanted;
    case "in":
      return (wanted as unknown[]).includes(value);
    case "not in":
      return !(wanted as unknown[]).includes(value);
    case ">":
      return (value as number) > (wanted as number);
    case ">=":
      return (value as number) >= (wanted as number);
    case "<=":
      return (value as number) <= (wanted as number);
    case "<":
      return (value as number) < (wanted as number);
    case "=like":
      return typeof value === "string" && value.startsWith(String(wanted).replace(/%$/, ""));
    default:
      throw new Fault("builtins.ValueError", 500, `Invalid leaf operator ${operator}`);
  }
}
