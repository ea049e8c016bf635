// Which of our documents the system holds that were made in a time, where a view of them is declared.
import type { Census, Time } from "../../connector/index.ts";
import { readColumnTime } from "./columns.ts";
import type { Dialect } from "./dialect.ts";
import type { Sessions } from "./sessions.ts";
import type { CensusSource, SqlSettings } from "./settings.ts";
import { behind, present, sourceOf } from "./source.ts";
import { windowTexts } from "./watermark.ts";

const PAGE_ROWS = 5_000;

export async function takeCensus(
  settings: SqlSettings,
  dialect: Dialect,
  sessions: Sessions,
  window: { from: Time; to: Time },
  given: AbortSignal | undefined,
): Promise<Census[]> {
  const overdue = AbortSignal.timeout(settings.statementTimeoutMs * 10);
  const signal = given === undefined ? overdue : AbortSignal.any([given, overdue]);
  return sessions.read("snapshot", signal, async (session) => {
    const taken: Census[] = [];
    for (const declared of settings.census) {
      taken.push({ domain: declared.domain, ids: await idsOf(declared, settings, dialect, session, window) });
    }
    return taken;
  });
}

async function idsOf(
  declared: CensusSource,
  settings: SqlSettings,
  dialect: Dialect,
  session: Parameters<ReturnType<typeof sourceOf>["select"]>[0],
  window: { from: Time; to: Time },
): Promise<string[]> {
  const { key, time, domain } = declared;
  const source = sourceOf(`census of ${domain}`, declared, dialect);
  const kind = source.kindOf(time);
  const texts = windowTexts(kind, window, settings.timeZone);
  const ids: string[] = [];
  let after: string[] | undefined;
  for (;;) {
    const binder = source.binder();
    const column = source.column(time);
    const parts = [
      `${column} >= ${binder.bind(kind, texts.from)}`,
      `${column} <= ${binder.bind(kind, texts.to)}`,
    ];
    if (after !== undefined) parts.push(behind(source, [time, key], after, binder));
    const rows = await source.select(session, {
      where: parts.join(" and "),
      order: [time, key],
      limit: PAGE_ROWS,
      binder,
    });
    for (const row of rows) {
      const made = readColumnTime(kind, present(source, row, time), settings.timeZone);
      if (made >= window.from && made < window.to) ids.push(present(source, row, key).trimEnd());
    }
    if (rows.length < PAGE_ROWS) return ids;
    after = [present(source, rows.at(-1)!, time), present(source, rows.at(-1)!, key)];
  }
}
