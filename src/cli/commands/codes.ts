// crossdock codes: what systems' codes mean. Listed, changed one by one or from a file, with who changed what. A running
// node follows within a second, and what a code held back goes on.
import { readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { CrossdockError } from "../../core/errors.ts";
import {
  applyCodes,
  type CodeRequest,
  type CodesChanged,
  codeWishes,
} from "../../engine/operations/codes.ts";
import { type CodeDirection, type CodePair, type CodeTable, codeTables } from "../../policy/codes.ts";
import type { Database } from "../../postgres/pool.ts";
import {
  type CodeChangeRow,
  type CodeDifference,
  type CodeRow,
  pageCodeChanges,
  pageCodes,
  readCodes,
} from "../../store/code.ts";
import { type CodeFile, readCodeFile, writeCodeFile } from "../code-file.ts";
import {
  type CommandContext,
  type InstallationFlags,
  type OpenedInstallation,
  withInstallation,
} from "../context.ts";
import { UsageError } from "../failure.ts";
import { instant, plural } from "../figures.ts";
import { limitOf } from "../limit.ts";
import { table } from "../table.ts";

export interface CodeFlags extends InstallationFlags {
  system?: string;
  table?: string;
  limit?: string;
  direction?: string;
  execute?: boolean;
}

const wayOf = (direction: CodeDirection) => (direction === "in" ? "means" : "is sent as");

function filterOf(flags: CodeFlags) {
  return {
    ...(flags.system === undefined ? {} : { system: flags.system }),
    ...(flags.table === undefined ? {} : { table: tableOf(flags.table) }),
  };
}

function tableOf(text: string): CodeTable {
  const found = codeTables.find((known) => known === text);
  if (found === undefined)
    throw new UsageError(`A code table is one of ${codeTables.join(", ")}, not ${text}.`);
  return found;
}

export function runListCodes(context: CommandContext, flags: CodeFlags): Promise<void> {
  const filter = { ...filterOf(flags), limit: limitOf(flags.limit, 200) };
  return withInstallation(context, flags, async ({ db, output }) => {
    const codes = await pageCodes(db, filter);
    output.result({ codes }, () =>
      codes.length === 0
        ? "No code has a meaning yet."
        : table<CodeRow>(
            [
              { title: "SYSTEM", value: (row) => row.system },
              { title: "TABLE", value: (row) => row.table },
              { title: "CODE", value: (row) => row.code },
              { title: "", value: (row) => wayOf(row.direction) },
              { title: "", value: (row) => row.means },
              { title: "VERSION", value: (row) => String(row.version), right: true },
            ],
            codes,
          ),
    );
  });
}

export function runCodeHistory(context: CommandContext, flags: CodeFlags): Promise<void> {
  const filter = { ...filterOf(flags), limit: limitOf(flags.limit, 50) };
  return withInstallation(context, flags, async ({ db, output }) => {
    const changes = await pageCodeChanges(db, filter);
    output.result({ changes }, () =>
      changes.length === 0
        ? "No code was ever changed."
        : table<CodeChangeRow>(
            [
              { title: "VERSION", value: (row) => String(row.version), right: true },
              { title: "AT", value: (row) => instant(row.at) },
              { title: "BY", value: (row) => row.by },
              { title: "WHAT", value: saidOf },
            ],
            changes,
          ),
    );
  });
}

function saidOf({ system, table: of, direction, code, was, means }: CodeDifference): string {
  const what = `${system} ${of} ${code} ${wayOf(direction)} ${means ?? "nothing"}`;
  return was === null ? what : `${what}, was ${was}`;
}

export function runSetCode(
  context: CommandContext,
  [system, of, native, canonical]: readonly [string, string, string, string],
  flags: CodeFlags,
): Promise<void> {
  const direction = flags.direction ?? "both";
  if (direction !== "in" && direction !== "out" && direction !== "both")
    throw new UsageError(`--direction is in, out or both, not ${direction}.`);
  const pair: CodePair = { system, table: tableOf(of), native, canonical, direction };
  return change(context, flags, { set: [pair], remove: [] });
}

export function runRemoveCode(
  context: CommandContext,
  [system, of, code]: readonly [string, string, string],
  flags: CodeFlags,
): Promise<void> {
  const direction = flags.direction ?? "in";
  if (direction !== "in" && direction !== "out")
    throw new UsageError(`--direction is in or out, not ${direction}.`);
  return change(context, flags, { set: [], remove: [{ system, table: tableOf(of), direction, code }] });
}

function change(context: CommandContext, flags: CodeFlags, request: CodeRequest): Promise<void> {
  return withInstallation(context, flags, async ({ db, integration, output }) => {
    const { wishes, faults } = codeWishes(integration.systems, request);
    const [fault] = faults;
    if (fault !== undefined) throw new UsageError(`${fault.field}: ${fault.message}`);
    const result = await applyCodes(db, whoAsks(), wishes, true);
    output.result(result, () => changedPage(result));
  });
}

/** Nothing of a file is taken unless all of it can be. */
export async function runImportCodes(context: CommandContext, path: string, flags: CodeFlags): Promise<void> {
  const file = readCodeFile(await textOf(context, path));
  await withInstallation(context, flags, async ({ db, integration, output }: OpenedInstallation) => {
    const { wishes, faults } = codeWishes(integration.systems, { set: file.pairs, remove: [] });
    refuseFaulty(path, file, faults);
    const result = await applyCodes(db, whoAsks(), wishes, flags.execute === true);
    output.result(result, () => changedPage(result));
  });
}

async function textOf({ cwd }: CommandContext, path: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), "utf8");
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${(cause as Error).message}`);
  }
}

function refuseFaulty(path: string, file: CodeFile, wrong: ReturnType<typeof codeWishes>["faults"]): void {
  const faults = [
    ...file.faults,
    ...wrong.map(({ index, field, message }) => ({
      line: file.pairs[index]!.line,
      message: `${field} ${message}`,
    })),
  ].sort((a, b) => a.line - b.line);
  if (faults.length === 0) return;
  const lines = faults.map(({ line, message }) => `${path}:${line} ${message}`);
  throw new CrossdockError("codes.file-invalid", `Nothing was changed.\n${lines.join("\n")}`, {
    details: { faults },
  });
}

export function runExportCodes(
  context: CommandContext,
  path: string | undefined,
  flags: CodeFlags,
): Promise<void> {
  const filter = filterOf(flags);
  return withInstallation(context, flags, async ({ db, output }) => {
    const text = writeCodeFile(await entriesOf(db, filter));
    if (path === undefined) {
      output.result({ csv: text }, () => text);
      return;
    }
    await writeFile(resolve(context.cwd, path), text);
    output.result({ file: path }, () => `${path} holds them.`);
  });
}

async function entriesOf(db: Database, filter: ReturnType<typeof filterOf>) {
  const { entries } = await readCodes(db);
  return entries.filter(
    (entry) =>
      (filter.system === undefined || entry.system === filter.system) &&
      (filter.table === undefined || entry.table === filter.table),
  );
}

/** Beside a node nobody has a key: the account of the machine is who asks. */
const whoAsks = (): string => `${userInfo().username} (command line)`;

function changedPage({ executed, version, changes }: CodesChanged): string {
  if (changes.length === 0) return "That is so already; nothing was changed.";
  const lines = changes.map(saidOf);
  const end = executed
    ? `${plural(changes.length, "entry", "entries")} changed: version ${version}.`
    : `${plural(changes.length, "entry", "entries")} would change; --execute does it.`;
  return [...lines, "", end].join("\n");
}
