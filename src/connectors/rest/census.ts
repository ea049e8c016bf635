// What the system holds for a time, by id. Where it counts, a list that does not come to its count is no census.
import {
  type Census,
  CrossdockError,
  parseJsonPath,
  type Time,
  textOf,
  timeText,
  unfit,
  valueAt,
} from "../../connector/index.ts";
import type { RestApi } from "./api.ts";
import { pagesOf } from "./paging.ts";
import type { CensusSettings } from "./settings.ts";
import { readSteadily } from "./whole.ts";

const TIMEOUT_MS = 60_000;

export async function takeCensus(
  api: RestApi,
  settings: CensusSettings,
  window: { from: Time; to: Time },
  given: AbortSignal | undefined,
): Promise<Census> {
  const { domain, path, query = {}, items, total, window: named } = settings;
  const idOf = (value: unknown): string => {
    const found = valueAt(value, parseJsonPath(settings.id).segments);
    const id = textOf(found);
    if (id === undefined || id === "") throw unfit(settings.id, found, "is no text and no number");
    return id;
  };
  const asked = {
    ...query,
    [named.from]: timeText(window.from, named),
    [named.to]: timeText(window.to, named),
  };
  const overdue = AbortSignal.timeout(TIMEOUT_MS);
  const source = { api, pages: pagesOf(api, settings.paging), path, query: asked, items };
  const { first, values, steady } = await readSteadily(
    source,
    (listed) => new Set(listed.map(idOf)),
    "last",
    given === undefined ? overdue : AbortSignal.any([given, overdue]),
  );
  const ids = [...new Set(values.map(idOf))];
  const counted =
    total === undefined ? undefined : textOf(valueAt(first.body, parseJsonPath(total).segments));
  if (!steady || (total !== undefined && counted !== String(ids.length))) {
    throw new CrossdockError(
      "rest.census-incomplete",
      `${path} lists ${ids.length} and counts ${counted ?? "none"}: it changes while it is read, or leaves something out.`,
      { retry: "later" },
    );
  }
  return { domain, ids };
}
