// Parameters of path and query: texts become what their schema says, and what does not fit is refused by name.
import type { Static, TObject } from "typebox";
import { explain, type SchemaNode } from "../domains/explain.ts";
import { Refusal } from "./problem.ts";

/** What the framework hands over: a repeated parameter is a list. */
export type RawParameters = Record<string, string | string[] | undefined>;

export function readParameters<Schema extends TObject>(schema: Schema, raw: RawParameters): Static<Schema> {
  const properties = (schema as SchemaNode).properties ?? {};
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value !== undefined) values[name] = convert(properties[name], value);
  }
  const faults = explain(schema, values);
  if (faults.length > 0) {
    const errors = faults.map(({ path, message }) => ({ path: path.replace(/^\$\.?/, ""), message }));
    throw new Refusal("request.parameter-invalid", `${errors[0]!.path} ${errors[0]!.message}`, { errors });
  }
  return values as Static<Schema>;
}

/** A text that does not convert is left as it is, and then refused for its type. */
function convert(schema: SchemaNode | undefined, value: string | string[]): unknown {
  switch (schema?.type) {
    case "array":
      return typeof value === "string" ? [value] : value;
    case "integer":
      return typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    case "boolean":
      return value === "true" ? true : value === "false" ? false : value;
    default:
      return value;
  }
}
