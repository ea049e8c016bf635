// An inbound stream with everything that was left out filled in.
import { lineReader } from "./lines.ts";
import type { RowReader } from "./rows.ts";
import type { EventSettings, FormatSettings, InboundSettings, TotalsSettings } from "./settings.ts";
import { isTemporary, joinPath } from "./transport.ts";
import { xmlReader } from "./xml.ts";

export interface Stream {
  name: string;
  folder: string;
  accepts(fileName: string): boolean;
  format: FormatSettings;
  reader: RowReader;
  event: EventSettings;
  ignore: RegExp | undefined;
  totals: (TotalsSettings & { matcher: RegExp }) | undefined;
  ready: string | undefined;
  settleMs: number;
  everyMs: number;
  identity: "version" | "name";
  after: "archive" | "keep" | "remove";
  archive: string;
  errors: string;
  chunkBytes: number;
}

export function streamOf(name: string, given: InboundSettings): Stream {
  const names = globOf(given.names);
  return {
    name,
    folder: given.folder,
    accepts: (fileName) => !isTemporary(fileName) && names.test(fileName),
    format: given.format,
    reader: given.format.kind === "xml" ? xmlReader(given.format) : lineReader(given.format),
    event: given.event,
    ignore: given.ignore === undefined ? undefined : new RegExp(given.ignore),
    totals:
      given.totals === undefined ? undefined : { ...given.totals, matcher: new RegExp(given.totals.pattern) },
    ready: given.ready,
    settleMs: given.settleMs ?? 2_000,
    everyMs: given.everyMs ?? 5_000,
    identity: given.identity ?? "version",
    after: given.after ?? "archive",
    archive: given.archive ?? joinPath(given.folder, "archive"),
    errors: given.errors ?? joinPath(given.folder, "errors"),
    chunkBytes: given.chunkBytes ?? 131_072,
  };
}

/** `STK_*.csv` */
function globOf(pattern: string): RegExp {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${text}$`, "s");
}

/** The name of a file beside another: `{name}.ok` or `{stem}.ok`. */
export function besideOf(template: string, name: string): string {
  const dot = name.lastIndexOf(".");
  const stem = dot > 0 ? name.slice(0, dot) : name;
  return template.replaceAll("{name}", () => name).replaceAll("{stem}", () => stem);
}
