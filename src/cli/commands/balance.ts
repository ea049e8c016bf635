// crossdock balance: the books as a page that finance can sign. Crossdock's own equations, and what the systems
// themselves list, where they can be read. Exit code 1 where anything does not balance.
import pino from "pino";
import { systemCodes } from "../../connector/codes.ts";
import type { ConnectorSession } from "../../connector/contract.ts";
import { openSystems } from "../../connector/open.ts";
import { CrossdockError } from "../../core/errors.ts";
import { isTime, type Time, timeFromEpochMs } from "../../core/time.ts";
import { drawBooks } from "../../engine/operations/books.ts";
import { type CensusBook, compareCensus } from "../../engine/operations/census.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { bookPage } from "../book-page.ts";
import { type CommandContext, type InstallationFlags, withInstallation } from "../context.ts";
import { UsageError } from "../failure.ts";
import { checkConfig } from "../load-config.ts";

export interface BalanceFlags extends InstallationFlags {
  date?: string;
  withoutSystems?: boolean;
}

const FIRST_DAY = "2000-01-01";

export async function runBalance(context: CommandContext, flags: BalanceFlags): Promise<number> {
  const day = flags.date === undefined ? undefined : dayOf(flags.date);
  let balanced = false;
  await withInstallation(context, flags, async ({ db, loaded, output }) => {
    const today = timeFromEpochMs(Date.now()).slice(0, 10);
    const range = { from: day ?? FIRST_DAY, to: day ?? today };
    const books = await drawBooks(db, range);
    const census = flags.withoutSystems
      ? []
      : await askSystems(db, resolved(checkConfig(loaded, context.environment)), range);
    balanced = books.balanced && census.every((book) => book.balanced);
    output.result({ ...books, census, balanced }, () =>
      bookPage({ books, census, company: loaded.declared.company, day, balanced }),
    );
  });
  return balanced ? 0 : 1;
}

function dayOf(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && isTime(`${text}T00:00:00.000000Z`)) return text;
  throw new UsageError(`--date is a day such as 2026-11-24, not ${text}.`);
}

/** To ask a system its credentials are needed, and those may be elsewhere. */
function resolved({ integration, findings, path }: ReturnType<typeof checkConfig>): Integration {
  const [first] = findings.filter(({ level }) => level === "error");
  if (first === undefined) return integration;
  throw new CrossdockError(
    "configuration.invalid",
    `${first.path} ${first.message} With --without-systems the books are drawn up without it.`,
    {
      details: { place: `${path}:${first.line}` },
    },
  );
}

async function askSystems(
  db: Database,
  integration: Integration,
  range: { from: string; to: string },
): Promise<CensusBook[]> {
  const now = (): Time => timeFromEpochMs(Date.now());
  const systems = openSystems(integration, {
    now,
    log: pino({ level: "silent" }),
    // Nothing is mapped or written here.
    codes: () => systemCodes([]),
  });
  const sessions = new Map<string, ConnectorSession>(
    [...systems].map(([system, { session }]) => [system, session]),
  );
  try {
    const from = `${range.from}T00:00:00.000000Z`;
    const to = `${range.to}T23:59:59.999999Z`;
    return await compareCensus(db, integration, { sessions, from, to });
  } finally {
    await Promise.all([...sessions.values()].map((session) => session.close()));
  }
}
