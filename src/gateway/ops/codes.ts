// Code tables: what systems' codes mean, who changed them when, and their change. Shown first, done when asked for.
import { Type } from "typebox";
import { Code, Identifier, object, oneOf, TimeText } from "../../domains/schema.ts";
import { codeWishes } from "../../engine/operations/codes.ts";
import {
  type CodeDirection,
  type CodeKey,
  type CodeTable,
  codeDirections,
  codeTables,
} from "../../policy/codes.ts";
import { decodeCursor, PAGE_DEFAULT, PAGE_MAX, pageOf } from "../cursor.ts";
import { pageSchema } from "../page-schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";

const LIST = "codes";
const CHANGES = "code-changes";
const VERSION = /^[1-9][0-9]{0,14}$/;
/** More at once is a file, and a file is several requests. */
const ROWS_MAX = 1_000;

const Table = oneOf(...codeTables);
const Direction = oneOf(...codeDirections);
const key = { system: Code, table: Table, direction: Direction, code: Code };
const Entry = object({ ...key, means: Code, version: Type.Integer() });
const change = { ...key, was: Type.Union([Code, Type.Null()]), means: Type.Union([Code, Type.Null()]) };
const paging = {
  system: Type.Optional(Code),
  table: Type.Optional(Table),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX })),
  cursor: Type.Optional(Type.String({ maxLength: 1024 })),
};
const ChangeBody = object({
  set: Type.Optional(
    Type.Array(
      object({
        system: Code,
        table: Table,
        native: Code,
        canonical: Code,
        direction: Type.Optional(oneOf(...codeDirections, "both")),
      }),
      { maxItems: ROWS_MAX },
    ),
  ),
  remove: Type.Optional(Type.Array(object(key), { maxItems: ROWS_MAX })),
  execute: Type.Optional(Type.Boolean({ description: "False, or left out: only shown" })),
});

export function codeRoutes(ports: GatewayPorts): HandledRoute[] {
  return [listRoute(ports), historyRoute(ports), changeRoute(ports)];
}

function listRoute({ operations }: GatewayPorts): HandledRoute {
  return route({
    method: "GET",
    path: "/ops/v1/codes",
    operation: "listCodes",
    tag: "Operations",
    summary: "What codes mean, by system, table and direction",
    description: "`in`: `code` is the system's and `means` is ours; `out`: the other way.",
    access: "ops:read",
    query: object(paging),
    answers: { 200: { description: "A page", schema: pageSchema(Entry) } },
    async handle({ query: { limit: wanted, cursor, ...filter } }) {
      const limit = wanted ?? PAGE_DEFAULT;
      const after = decodeCursor(LIST, cursor);
      const rows = await operations.codes({
        ...filter,
        ...(after === undefined ? {} : { after: keyOf(after) }),
        limit: limit + 1,
      });
      const textOf = (row: (typeof rows)[number]) =>
        JSON.stringify([row.system, row.table, row.direction, row.code]);
      return { body: pageOf(LIST, rows, limit, textOf, (row) => row) };
    },
  });
}

function keyOf(text: string): CodeKey {
  const key: unknown = keyIn(text);
  if (!Array.isArray(key) || key.length !== 4 || !key.every((part) => typeof part === "string"))
    throw new Refusal("request.parameter-invalid", "cursor is not one that this list has given.");
  const [system, table, direction, code] = key as [string, CodeTable, CodeDirection, string];
  return { system, table, direction, code };
}

function keyIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Any text can be sent as a cursor; one that is none is refused by the caller of this.
    return undefined;
  }
}

function historyRoute({ operations }: GatewayPorts): HandledRoute {
  return route({
    method: "GET",
    path: "/ops/v1/codes/changes",
    operation: "listCodeChanges",
    tag: "Operations",
    summary: "Changes of codes, newest first",
    description: "What was changed together has one version, and is on one page.",
    access: "ops:read",
    query: object(paging),
    answers: {
      200: {
        description: "A page; `was` and `means` are null where there was no entry, or is none any more",
        schema: pageSchema(object({ version: Type.Integer(), at: TimeText, by: Identifier, ...change })),
      },
    },
    async handle({ query: { limit: wanted, cursor, ...filter } }) {
      const limit = wanted ?? PAGE_DEFAULT;
      const before = decodeCursor(CHANGES, cursor);
      if (before !== undefined && !VERSION.test(before))
        throw new Refusal("request.parameter-invalid", "cursor is not one that this list has given.");
      const rows = await operations.codeChanges({
        ...filter,
        ...(before === undefined ? {} : { before: Number(before) }),
        limit,
      });
      // All of a version is there, so a page may be longer than was asked for.
      const more = rows.length >= limit;
      const page = pageOf(CHANGES, more ? [...rows, rows.at(-1)!] : rows, rows.length, textOf, (row) => row);
      return { body: page };
    },
  });
}

const textOf = ({ version }: { version: number }): string => String(version);

function changeRoute({ operations, integration }: GatewayPorts): HandledRoute {
  return route({
    method: "POST",
    path: "/ops/v1/codes/changes",
    operation: "changeCodes",
    tag: "Operations",
    summary: "Say what codes mean",
    description:
      "What a code held back goes on by itself once it is said. Who made a change is kept with it. Shows what would change unless `execute` is true.",
    access: "ops:write",
    body: ChangeBody,
    answers: {
      200: {
        description: "What is not so already, and the version of the tables",
        schema: object({
          executed: Type.Boolean(),
          version: Type.Integer(),
          changes: Type.Array(object(change)),
        }),
      },
    },
    async handle({ body: { set = [], remove = [], execute }, caller }) {
      const pairs = set.map((pair) => ({ ...pair, direction: pair.direction ?? ("both" as const) }));
      const { wishes, faults } = codeWishes(integration.systems, { set: pairs, remove });
      if (faults.length > 0) {
        const errors = faults.map(({ list, index, field, message }) => ({
          path: `$.${list}[${index}].${field}`,
          message,
        }));
        throw new Refusal("request.invalid", `${errors[0]!.path} ${errors[0]!.message}`, { errors });
      }
      return { body: await operations.changeCodes(caller.name, wishes, execute === true) };
    },
  });
}
