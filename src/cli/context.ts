// What every command works with: where it was called, what it may print, and how it reaches an installation.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { CrossdockError } from "../core/errors.ts";
import { type Installation, openInstallation } from "../main.ts";
import type { Integration } from "../policy/integration.ts";
import { UsageError } from "./failure.ts";
import { findConfig, type LoadedConfig, loadConfig } from "./load-config.ts";
import { openLog } from "./log.ts";
import { type Level, levels } from "./log-levels.ts";
import { type Output, openOutput, type Streams } from "./output.ts";

export interface CommandContext extends Streams {
  cwd: string;
  environment: NodeJS.ProcessEnv;
}

/** Options that every command of an installation has. */
export interface InstallationFlags {
  config?: string;
  home?: string;
  json?: boolean;
  logLevel?: string;
}

export interface OpenedInstallation extends Installation {
  loaded: LoadedConfig;
  /** As it is declared: settings may still name the environment. */
  integration: Integration;
  output: Output;
}

export function outputOf(context: CommandContext, flags: InstallationFlags): Output {
  return openOutput(context, flags.json === true);
}

export function levelOf(flags: InstallationFlags, otherwise: Level): Level {
  const level = flags.logLevel ?? otherwise;
  if ((levels as readonly string[]).includes(level)) return level as Level;
  throw new UsageError(`--log-level is one of ${levels.join(", ")}, not ${level}.`);
}

export function homeOf(context: CommandContext, flags: InstallationFlags, otherwise: string): string {
  const given = flags.home ?? context.environment.CROSSDOCK_HOME;
  return given === undefined ? otherwise : resolve(context.cwd, given);
}

export const databaseUrlOf = ({ environment }: CommandContext): string | undefined =>
  environment.DATABASE_URL || undefined;

/** Opens the database beside a running server, or without one; what was never started is not started here. */
export async function withInstallation<Result>(
  context: CommandContext,
  flags: InstallationFlags,
  work: (installation: OpenedInstallation) => Promise<Result>,
): Promise<Result> {
  const log = openLog(levelOf(flags, "warn"), context.stderr);
  const loaded = await loadConfig(findConfig(context.cwd, flags.config));
  const home = homeOf(context, flags, loaded.home);
  const databaseUrl = databaseUrlOf(context);
  if (databaseUrl === undefined && !existsSync(join(home, "postgres"))) {
    throw new CrossdockError(
      "installation.not-started",
      `Nothing has run here yet: ${home} holds no data; crossdock start begins.`,
    );
  }
  const installation = await openInstallation({ home, databaseUrl, log });
  try {
    return await work({
      ...installation,
      loaded,
      integration: loaded.declared,
      output: outputOf(context, flags),
    });
  } finally {
    await installation.close();
  }
}
