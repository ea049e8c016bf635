// Which files may be read: those that have kept their size and time between two looks, and whose ready-marker is there.
// Only our own clock counts the time between the looks; what the other machine's clock says is compared, never believed.
import { type Finished, versionOf } from "./cursor.ts";
import { besideOf, type Stream } from "./stream.ts";
import type { Entry } from "./transport.ts";

/** File → how it looked, and since when. */
export type Looks = Map<string, { version: string; sinceMs: number }>;

/** By name. Keeps in `looks` what it saw. */
export function readyFiles(
  stream: Stream,
  entries: readonly Entry[],
  finished: readonly Finished[],
  looks: Looks,
  nowMs: number,
): Entry[] {
  const names = new Set(entries.map(({ name }) => name));
  const through = new Set(finished.map(({ id }) => id));
  const found = entries.filter(({ name }) => stream.accepts(name) && !isBeside(stream, name, names));
  for (const name of looks.keys()) if (!names.has(name)) looks.delete(name);
  const ready = found.filter((entry) => {
    if (through.has(identityOf(stream, entry))) return false;
    if (!hasSettled(stream, entry, looks, nowMs)) return false;
    if (stream.ready !== undefined && !names.has(besideOf(stream.ready, entry.name))) return false;
    const { sidecar } = stream.totals ?? {};
    return sidecar === undefined || names.has(besideOf(sidecar, entry.name));
  });
  return ready.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function hasSettled(stream: Stream, entry: Entry, looks: Looks, nowMs: number): boolean {
  const version = versionOf(entry);
  const look = looks.get(entry.name);
  if (look?.version !== version) looks.set(entry.name, { version, sinceMs: nowMs });
  const sinceMs = look?.version === version ? look.sinceMs : nowMs;
  return nowMs - sinceMs >= stream.settleMs;
}

/** A marker or a file of totals whose name fits the pattern of files as well. */
function isBeside(stream: Stream, name: string, names: ReadonlySet<string>): boolean {
  return besides(stream).some((template) =>
    [
      ...(template.includes("{name}")
        ? candidates(template, "{name}", name)
        : candidates(template, "{stem}", name, names)),
    ].some((other) => other !== name && names.has(other)),
  );
}

export const besides = (stream: Stream): string[] =>
  [stream.ready, stream.totals?.sidecar].filter((template) => template !== undefined);

/** The names that would have this one beside them. */
function* candidates(
  template: string,
  hole: string,
  name: string,
  names?: ReadonlySet<string>,
): Generator<string> {
  const [before = "", after = ""] = template.split(hole);
  if (!name.startsWith(before) || !name.endsWith(after) || name.length <= before.length + after.length)
    return;
  const inner = name.slice(before.length, name.length - after.length);
  if (names === undefined) yield inner;
  else for (const other of names) if (other.startsWith(`${inner}.`)) yield other;
}

export const identityOf = (stream: Stream, entry: Entry): string =>
  stream.identity === "name" ? entry.name : versionOf(entry);
