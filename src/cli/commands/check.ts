// crossdock check: proves a configuration without starting anything. Every finding has its line.
import { CrossdockError } from "../../core/errors.ts";
import type { Finding } from "../../policy/finding.ts";
import { type CommandContext, type InstallationFlags, outputOf } from "../context.ts";
import { shortPlace } from "../failure.ts";
import { plural } from "../figures.ts";
import { type CheckedConfig, checkConfig, findConfig, loadConfig, locateFindings } from "../load-config.ts";
import { paint } from "../table.ts";

export async function runCheck(context: CommandContext, flags: InstallationFlags): Promise<number> {
  const output = outputOf(context, flags);
  const checked = await findingsOf(findConfig(context.cwd, flags.config), context);
  const errors = checked.findings.filter(({ level }) => level === "error").length;
  const { path, findings } = checked;
  const found = findings.map(({ level, path: at, message, line }) => ({ level, path: at, message, line }));
  output.result({ config: path, valid: errors === 0, findings: found }, () =>
    checkPage(checked, context.cwd),
  );
  return errors === 0 ? 0 : 1;
}

/** What defineIntegration refused as a whole is a list of findings like any other. */
async function findingsOf(
  path: string,
  context: CommandContext,
): Promise<Pick<CheckedConfig, "path" | "findings"> & Partial<CheckedConfig>> {
  try {
    return checkConfig(await loadConfig(path), context.environment);
  } catch (error) {
    if (!(error instanceof CrossdockError) || !Array.isArray(error.details.findings)) throw error;
    return { path, findings: locateFindings(path, error.details.findings as Finding[]) };
  }
}

export function checkPage(
  { path, findings, integration }: Pick<CheckedConfig, "path" | "findings"> & Partial<CheckedConfig>,
  cwd: string,
): string {
  const lines = findings.map(({ level, path: at, message, line }) => {
    const place = shortPlace(`${path}:${line}`, cwd);
    const word = level === "error" ? paint("red", "error  ") : paint("yellow", "warning");
    return `${place}  ${word}  ${paint("bold", at)} ${message}`;
  });
  const errors = findings.filter(({ level }) => level === "error").length;
  const warnings = findings.length - errors;
  const counted = [
    errors > 0 ? plural(errors, "error") : "",
    warnings > 0 ? plural(warnings, "warning") : "",
  ].filter((part) => part !== "");
  const what =
    integration === undefined
      ? ""
      : ` ${plural(Object.keys(integration.systems).length, "system")}, ${plural(integration.flows.length, "flow")}.`;
  lines.push(
    errors > 0
      ? `${counted.join(", ")}.`
      : `${shortPlace(path, cwd)} holds:${what}${counted.length > 0 ? ` ${counted.join(", ")}.` : ""}`,
  );
  return lines.join("\n");
}
