// crossdock exceptions: the worklist. Open problems, newest first, with who should act.
import { type ExceptionFilter, type ExceptionRow, pageExceptions } from "../../store/exception.ts";
import { type CommandContext, type InstallationFlags, withInstallation } from "../context.ts";
import { count, instant } from "../figures.ts";
import { limitOf } from "../limit.ts";
import { table } from "../table.ts";

export interface ExceptionFlags extends InstallationFlags {
  all?: boolean;
  category?: string;
  code?: string;
  system?: string;
  owner?: string;
  key?: string;
  limit?: string;
}

export function runExceptions(context: CommandContext, flags: ExceptionFlags): Promise<void> {
  const filter: ExceptionFilter = { limit: limitOf(flags.limit, 50), ...(flags.all ? {} : { open: true }) };
  for (const name of ["category", "code", "system", "owner", "key"] as const) {
    if (flags[name] !== undefined) filter[name] = flags[name];
  }
  return withInstallation(context, flags, async ({ db, output }) => {
    const exceptions = await pageExceptions(db, filter);
    output.result({ exceptions }, () =>
      exceptions.length === 0 ? "Nothing is open." : exceptionTable(exceptions),
    );
  });
}

function exceptionTable(exceptions: readonly ExceptionRow[]): string {
  return table<ExceptionRow>(
    [
      { title: "SINCE", value: (e) => instant(e.firstAt) },
      { title: "CODE", value: (e) => e.code, style: (e) => (e.resolvedAt === null ? "red" : "green") },
      { title: "OWNER", value: (e) => e.owner },
      { title: "TIMES", value: (e) => count(e.occurrences), right: true },
      {
        title: "AT RISK",
        value: (e) => (e.currency === null ? "" : `${e.moneyAtRisk.replace(/\.?0+$/, "")} ${e.currency}`),
        right: true,
      },
      { title: "ID", value: (e) => e.id },
      { title: "WHAT", value: (e) => e.title },
    ],
    exceptions,
  );
}
