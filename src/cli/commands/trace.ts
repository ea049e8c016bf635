// crossdock trace: everything about one order, SKU, delivery or message, on one timeline.
import { CrossdockError } from "../../core/errors.ts";
import { type Trace, type TraceEntry, trace } from "../../engine/operations/trace.ts";
import { type CommandContext, type InstallationFlags, withInstallation } from "../context.ts";
import { clock } from "../figures.ts";
import { oneLine } from "../one-line.ts";
import { heading, paint } from "../table.ts";

export interface TraceFlags extends InstallationFlags {
  company?: string;
  full?: boolean;
}

export function runTrace(context: CommandContext, term: string, flags: TraceFlags): Promise<void> {
  return withInstallation(context, flags, async ({ db, integration, output }) => {
    const found = await trace(db, term, {
      company: flags.company ?? integration.company,
      systems: Object.keys(integration.systems),
    });
    if (found === null) {
      throw new CrossdockError(
        "trace.not-found",
        `Nothing is known by ${term}: it is no order, SKU, delivery, message or document here.`,
      );
    }
    output.result(found, () => tracePage(found, flags.full === true));
  });
}

export function tracePage(found: Trace, full: boolean): string {
  const lines: string[] = [];
  for (const subject of found.subjects)
    lines.push(
      `${heading(`${subject.kind} ${subject.name}`)}  ${paint("dim", `${subject.key ?? "no events"}, ${subject.found}`)}`,
    );
  if (found.truncated) lines.push(paint("yellow", "Older entries are left out."));
  let day = "";
  const place = Math.max(...found.timeline.map((entry) => whereOf(entry).length), 0);
  for (const entry of found.timeline) {
    if (entry.at.slice(0, 10) !== day) {
      day = entry.at.slice(0, 10);
      lines.push("", paint("dim", day));
    }
    lines.push(...entryLines(entry, place, full));
  }
  return lines.join("\n");
}

const MARKS: Record<TraceEntry["kind"], { mark: string; style: Parameters<typeof paint>[0] }> = {
  said: { mark: "●", style: "cyan" },
  decided: { mark: "◆", style: "green" },
  sent: { mark: "→", style: "blue" },
  answered: { mark: "←", style: "blue" },
  attempt: { mark: "↻", style: "yellow" },
  exception: { mark: "!", style: "red" },
  solved: { mark: "✓", style: "green" },
};

function entryLines(entry: TraceEntry, place: number, full: boolean): string[] {
  const { mark, style } = MARKS[entry.kind];
  const head = `${clock(entry.at)}  ${paint(style, mark)} ${whereOf(entry).padEnd(place)}  `;
  const indent = " ".repeat(12 + 2 + 2 + place + 2);
  const type = entry.kind === "said" || entry.kind === "decided" ? `${paint("dim", entry.event.type)}  ` : "";
  const lines = [`${head}${type}${oneLine(entry.summary)}`];
  if (entry.kind === "decided")
    for (const reason of entry.explanation) lines.push(`${indent}${paint("dim", `└ ${oneLine(reason)}`)}`);
  if (entry.kind === "said" && entry.receipt !== undefined) {
    const { topic, nativeId, id } = entry.receipt;
    lines.push(`${indent}${paint("dim", `└ ${oneLine(`${topic} ${nativeId}`)} (receipt ${id})`)}`);
  }
  if (full) lines.push(...fullLines(entry, indent));
  return lines;
}

function fullLines(entry: TraceEntry, indent: string): string[] {
  const value =
    entry.kind === "said" || entry.kind === "decided"
      ? entry.event.data
      : entry.kind === "sent"
        ? entry.delivery.payload
        : undefined;
  if (value === undefined) return [];
  return JSON.stringify(value, null, 2)
    .split("\n")
    .map((line) => `${indent}${paint("dim", line)}`);
}

function whereOf(entry: TraceEntry): string {
  switch (entry.kind) {
    case "said":
    case "decided":
      return entry.event.source;
    case "sent":
      return entry.delivery.target;
    case "exception":
    case "solved":
      return entry.exception.system ?? entry.exception.owner;
    default:
      return entry.target;
  }
}
