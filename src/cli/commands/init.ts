// crossdock init: a configuration that starts as it is, data kept out of version control, and the first API key.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CrossdockError } from "../../core/errors.ts";
import { createApiKey } from "../../engine/operations/api-key.ts";
import { scopes } from "../../engine/operations/scopes.ts";
import { openInstallation } from "../../main.ts";
import { CONFIG_TEMPLATE } from "../config-template.ts";
import {
  type CommandContext,
  databaseUrlOf,
  homeOf,
  type InstallationFlags,
  levelOf,
  outputOf,
} from "../context.ts";
import { CONFIG_NAMES } from "../load-config.ts";
import { openLog } from "../log.ts";
import { paint } from "../table.ts";

export interface InitFlags extends InstallationFlags {
  /** False with --no-key. */
  key?: boolean;
}

const IGNORED = ".crossdock/";
const KEY_NAME = "admin";

export async function runInit(context: CommandContext, flags: InitFlags): Promise<void> {
  const { cwd } = context;
  const output = outputOf(context, flags);
  const existing = CONFIG_NAMES.find((name) => existsSync(join(cwd, name)));
  if (existing !== undefined)
    throw new CrossdockError(
      "configuration.exists",
      `${existing} exists already; change it, or remove it first.`,
    );
  const path = join(cwd, CONFIG_NAMES[0]!);
  writeFileSync(path, CONFIG_TEMPLATE, { flag: "wx" });
  const ignored = ignoreData(join(cwd, ".gitignore"));
  const secret = flags.key === false ? undefined : await firstKey(context, flags);
  output.result(
    { config: path, gitignore: ignored, ...(secret === undefined ? {} : { keyName: KEY_NAME, key: secret }) },
    () =>
      [
        `Wrote ${CONFIG_NAMES[0]}${ignored ? ` and added ${IGNORED} to .gitignore` : ""}.`,
        ...(secret === undefined ? [] : [`The API key ${KEY_NAME}, shown once: ${paint("bold", secret)}`]),
        "",
        "crossdock check    proves the configuration",
        "crossdock start    runs it",
      ].join("\n"),
  );
}

/** Whether it was added. */
function ignoreData(path: string): boolean {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (text.split(/\r?\n/).some((line) => /^\/?\.crossdock\/?$/.test(line.trim()))) return false;
  writeFileSync(path, `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${IGNORED}\n`);
  return true;
}

async function firstKey(context: CommandContext, flags: InitFlags): Promise<string> {
  const home = homeOf(context, flags, join(context.cwd, ".crossdock"));
  const log = openLog(levelOf(flags, "warn"), context.stderr);
  const installation = await openInstallation({
    home,
    databaseUrl: databaseUrlOf(context),
    migrate: true,
    log,
  });
  try {
    const { secret } = await createApiKey(installation.db, { name: KEY_NAME, scopes });
    return secret;
  } finally {
    await installation.close();
  }
}
