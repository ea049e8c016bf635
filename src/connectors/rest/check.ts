// What the schema of the settings cannot say: each fault with its path and what to do.
import {
  type Fault,
  isZone,
  type OutboundType,
  parseDuration,
  type Report,
  reporter,
  type SettingPath,
} from "../../connector/index.ts";
import { filledOf } from "./map.ts";
import { compileMapping } from "./mapping.ts";
import { checkPath, compileBody, scopeOf } from "./request.ts";
import type {
  AuthSettings,
  CensusSettings,
  PagingSettings,
  ReadSettings,
  RestSettings,
  SinceSettings,
  WebhookSettings,
  WriteSettings,
} from "./settings.ts";
import { readPath } from "./template.ts";

export function checkSettings(settings: RestSettings): Fault[] {
  const faults: Fault[] = [];
  const report = reporter(faults);
  checkUrl(settings.url, ["url"], report);
  checkAuth(settings.auth, report);
  for (const [name, read] of Object.entries(settings.reads)) checkRead(read, ["reads", name], report);
  for (const [name, webhook] of Object.entries(settings.webhooks)) {
    const at = ["webhooks", name];
    if (Object.hasOwn(settings.reads, name))
      report(at, "has the name of a stream that is read: give it another one.");
    checkWebhook(webhook, at, report);
  }
  for (const [type, write] of Object.entries(settings.writes)) {
    if (write !== undefined) checkWrite(type as OutboundType, write, ["writes", type], report);
  }
  for (const [index, census] of settings.census.entries()) checkCensus(census, ["census", index], report);
  return faults;
}

function checkUrl(text: string, at: SettingPath, report: Report): void {
  const url = URL.parse(text);
  if (url === null) report(at, "is no URL.");
  else if (url.username !== "") report(at, "holds a name or a password: give them as auth.");
  else if (url.search !== "" || url.hash !== "") report(at, "ends with a query: give it where it is used.");
}

function exactlyOne(
  given: object,
  words: readonly string[],
  at: SettingPath,
  report: Report,
  need: string,
): void {
  const said = words.filter((word) => (given as Record<string, unknown>)[word] !== undefined);
  if (said.length === 1) return;
  report(at, said.length === 0 ? `needs ${need}.` : `has ${said.join(" and ")}: one of them at most.`);
}

function checkAuth(auth: AuthSettings | undefined, report: Report): void {
  if (auth === undefined) return;
  exactlyOne(
    auth,
    ["apiKey", "basic", "bearer", "oauth2"],
    ["auth"],
    report,
    "apiKey, basic, bearer or oauth2",
  );
  if (auth.apiKey !== undefined) {
    exactlyOne(auth.apiKey, ["header", "query"], ["auth", "apiKey"], report, "a header or a query parameter");
  }
  if (auth.basic?.user.includes(":")) report(["auth", "basic", "user"], "must not hold a colon.");
  if (auth.oauth2 !== undefined && !URL.canParse(auth.oauth2.tokenUrl))
    report(["auth", "oauth2", "tokenUrl"], "is no URL.");
}

function checkJsonPath(path: string | undefined, at: SettingPath, report: Report): void {
  if (path !== undefined)
    readPath(path, { document: undefined, entry: undefined, hasEntry: false }, at, report);
}

function checkPaths(given: object, names: readonly string[], at: SettingPath, report: Report): void {
  for (const name of names)
    checkJsonPath((given as Record<string, string | undefined>)[name], [...at, name], report);
}

function checkMapped(
  mapped: ReadSettings | WebhookSettings,
  at: SettingPath,
  report: Report,
  filled: string[],
): void {
  checkPaths(mapped, ["items", "id", "version"], at, report);
  for (const path of Object.keys(mapped.event.where ?? {}))
    checkJsonPath(path, [...at, "event", "where", path], report);
  compileMapping(mapped, at, report, filled);
}

function checkRead(read: ReadSettings, at: SettingPath, report: Report): void {
  const { every, paging, since, full, version, event, total } = read;
  checkMapped(read, at, report, filledOf(read));
  checkDuration(every, [...at, "every"], report);
  checkPaging(paging, [...at, "paging"], report);
  checkJsonPath(total, [...at, "total"], report);
  if (since !== undefined) checkSince(since, [...at, "since"], report);
  if (full !== undefined) {
    if (since !== undefined)
      report([...at, "full"], "is all there is, and since is what changed: one of them at most.");
    if (event.type !== "inventory.level.observed") {
      report([...at, "event", "type"], "must be inventory.level.observed where the stream is full.");
    }
    checkJsonPath(full.asOf?.from, [...at, "full", "asOf", "from"], report);
    checkZone(full.asOf?.zone, [...at, "full", "asOf", "zone"], report);
  } else {
    if (total !== undefined) report([...at, "total"], "is of a full stream alone.");
    if (since === undefined && version === undefined) {
      report(
        [...at, "version"],
        "is required where neither since nor full is said: what tells a change from a repetition?",
      );
    }
  }
}

function checkSince(since: SinceSettings, at: SettingPath, report: Report): void {
  exactlyOne(since, ["time", "sequence"], at, report, "time or sequence: where an item says when it changed");
  checkPaths(since, ["sequence"], at, report);
  checkJsonPath(since.time?.from, [...at, "time", "from"], report);
  checkZone(since.time?.zone, [...at, "time", "zone"], report);
  if (since.time !== undefined) checkDuration(since.overlap, [...at, "overlap"], report);
  else if (since.overlap !== undefined && !/^\d{1,9}$/.test(since.overlap)) {
    report([...at, "overlap"], 'must be a count of numbers, such as "100".');
  }
}

function checkPaging(paging: PagingSettings | undefined, at: SettingPath, report: Report): void {
  if (paging === undefined) return;
  exactlyOne(paging, ["page", "offset", "cursor", "link"], at, report, "page, offset, cursor or link");
  checkJsonPath(paging.cursor?.next, [...at, "cursor", "next"], report);
}

function checkDuration(text: string | undefined, at: SettingPath, report: Report): void {
  try {
    if (text !== undefined && parseDuration(text) < 1) report(at, "must be longer than nothing.");
  } catch (error) {
    report(at, (error as Error).message);
  }
}

function checkZone(zone: string | undefined, at: SettingPath, report: Report): void {
  if (zone !== undefined && !isZone(zone)) report(at, "is no time zone such as Europe/London.");
}

function checkWebhook(webhook: WebhookSettings, at: SettingPath, report: Report): void {
  const need = "standard or hmac, or unsigned: true where everybody who reaches it is believed";
  exactlyOne(webhook, ["standard", "hmac", "unsigned"], at, report, need);
  checkMapped(webhook, at, report, []);
}

function checkWrite(type: OutboundType, write: WriteSettings, at: SettingPath, report: Report): void {
  const { kind, path, bulk, lookup, reference, reason, rules = [], idempotencyHeader, body } = write;
  checkPath(path, type, [...at, "path"], report);
  compileBody(type, write, at, report);
  checkPaths({ reference, reason }, ["reference", "reason"], at, report);
  if (kind === "lookup" && lookup === undefined) {
    report([...at, "lookup"], 'is required where kind is "lookup": say where a record can be found.');
  }
  if (kind === "keyed" && idempotencyHeader === undefined && !holdsKey(path, body)) {
    report(
      [...at, "idempotencyHeader"],
      "is required where kind is keyed and neither path nor body holds @.key.",
    );
  }
  if (lookup !== undefined) {
    checkPath(lookup.path, type, [...at, "lookup", "path"], report);
    if (!/\{[$@]/.test(lookup.path))
      report([...at, "lookup", "path"], "must hold the business key, such as {$.orderId}.");
    checkPaths(lookup, ["items", "reference"], [...at, "lookup"], report);
    checkJsonPath(lookup.match.item, [...at, "lookup", "match", "item"], report);
    readPath(lookup.match.record, scopeOf(type), [...at, "lookup", "match", "record"], report);
  }
  if (bulk !== undefined) checkBulk(type, write, at, report);
  for (const [index, rule] of rules.entries()) {
    const place = [...at, "rules", index];
    checkPaths(rule, ["field"], place, report);
    if (rule.status === undefined && rule.field === undefined) report(place, "needs a status or a field.");
    if (rule.is !== undefined && rule.field === undefined)
      report([...place, "is"], "is of a field: say which.");
    if (rule.meaning === "missing" && rule.references === undefined) {
      report([...place, "references"], "is required for missing: what is to be sent first?");
    }
    for (const [number, { key }] of (rule.references ?? []).entries()) {
      readPath(key, scopeOf(type), [...place, "references", number, "key"], report);
    }
  }
}

/** Whether every repetition is told from every other record: the business key, or all of it in the payload. */
function holdsKey(path: string, body: unknown): boolean {
  return path.includes("{@.key}") || JSON.stringify(body ?? "").includes('"@.key"');
}

function checkBulk(
  type: OutboundType,
  { bulk, path, body, kind, idempotencyHeader }: WriteSettings,
  at: SettingPath,
  report: Report,
): void {
  const { results, match, status } = bulk!;
  if (path.includes("{")) report([...at, "path"], "cannot hold a record's field where many go in one call.");
  if (body === undefined) report([...at, "body"], "is required where many go in one call.");
  if (kind === "keyed" && idempotencyHeader !== undefined && !holdsKey("", body)) {
    report([...at, "bulk"], "one header cannot hold many keys: put @.key into the body.");
  }
  if (results === undefined && (match !== undefined || status !== undefined)) {
    report(
      [...at, "bulk", "results"],
      "is required where results have a match or a status: where is their list?",
    );
  }
  checkPaths(bulk!, ["results", "status"], [...at, "bulk"], report);
  if (match !== undefined) {
    checkJsonPath(match.result, [...at, "bulk", "match", "result"], report);
    readPath(match.record, scopeOf(type), [...at, "bulk", "match", "record"], report);
  }
}

function checkCensus(census: CensusSettings, at: SettingPath, report: Report): void {
  checkPaths(census, ["items", "id", "total"], at, report);
  checkPaging(census.paging, [...at, "paging"], report);
  checkZone(census.window.zone, [...at, "window", "zone"], report);
}
