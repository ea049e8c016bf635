// crossdock demo and crossdock bench: handed on, with their arguments, to the programs beside the sources.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CrossdockError } from "../../core/errors.ts";
import { PACKAGE_ROOT } from "../../package-root.ts";

type Program = (args: string[]) => Promise<number>;

export async function runDemo(args: string[]): Promise<number> {
  const { runDemo: run } = await load<{ runDemo: Program }>("sandbox/demo/command");
  return run(args);
}

export async function runBench(args: string[]): Promise<number> {
  const { runBench: run } = await load<{ runBench: Program }>("bench/command");
  return run(args);
}

/** The published package holds them built. */
async function load<Module>(name: string): Promise<Module> {
  const built = !import.meta.url.endsWith(".ts");
  const path = built ? join(PACKAGE_ROOT, "dist", `${name}.js`) : join(PACKAGE_ROOT, `${name}.ts`);
  if (!existsSync(path))
    throw new CrossdockError(
      "command.not-installed",
      `This installation of Crossdock does not hold ${name}.`,
    );
  return import(pathToFileURL(path).href) as Promise<Module>;
}
