// `crossdock bench`: prints the machine, the revision and the settings, runs the workloads in interleaved rounds,
// and shows medians with their spread beside what should be reached.
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { CrossdockError } from "../src/core/errors.ts";
import { type Spread, spread } from "./statistics.ts";
import type { Figure, Workload } from "./workload.ts";
import { backlog } from "./workloads/backlog.ts";
import { bulk, claimed, single } from "./workloads/end-to-end.ts";
import { fiftyMillion, identities, tenMillion } from "./workloads/growth.ts";
import { light } from "./workloads/light.ts";
import { plenty, scarce } from "./workloads/orders.ts";
import { batches, singles } from "./workloads/record.ts";

const WORKLOADS: Workload[] = [
  singles,
  batches,
  bulk,
  single,
  claimed,
  light,
  plenty,
  scarce,
  backlog,
  tenMillion,
  fiftyMillion,
  identities,
];

interface Row {
  workload: string;
  title: string;
  figure: string;
  unit: string;
  values: number[];
  spread: Spread;
  reach?: Figure["reach"];
  reached?: boolean;
}

export async function runBench(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "8" },
      json: { type: "boolean", default: false },
    },
  });
  const rounds = wholeNumber("--rounds", values.rounds, 1, 20);
  const seconds = wholeNumber("--seconds", values.seconds, 1, 600);
  const chosen = choose(positionals);
  const about = { ...machine(), command: `crossdock bench ${args.join(" ")}`.trim(), rounds, seconds };
  if (!values.json) process.stdout.write(`${heading(about)}\n`);
  const rows = await runRounds(chosen, rounds, seconds, values.json);
  if (values.json) process.stdout.write(`${JSON.stringify({ ...about, results: rows })}\n`);
  else process.stdout.write(`\n${table(rows)}\n`);
  return 0;
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new CrossdockError(
      "cli.usage",
      `${option} takes a whole number from ${min} to ${max}, not ${text}.`,
    );
  }
  return value;
}

function choose(names: string[]): Workload[] {
  if (names.length === 0) return WORKLOADS.filter((workload) => !workload.heavy);
  return names.map((name) => {
    const found = WORKLOADS.find((workload) => workload.name === name);
    if (found === undefined) {
      throw new CrossdockError(
        "cli.usage",
        `There is no workload ${name}; there are ${WORKLOADS.map((w) => w.name).join(", ")}.`,
      );
    }
    return found;
  });
}

async function runRounds(
  workloads: Workload[],
  rounds: number,
  seconds: number,
  quiet: boolean,
): Promise<Row[]> {
  const rows = new Map<string, Row>();
  for (let round = 1; round <= rounds; round++) {
    for (const workload of workloads) {
      if (!quiet) process.stderr.write(`round ${round}/${rounds}  ${workload.name}\n`);
      for (const figure of await workload.run({ seconds })) {
        // At once: the heavy ones take long, and whoever ends the run early keeps what it has measured.
        if (!quiet)
          process.stderr.write(`  ${figure.name.padEnd(32)} ${shown(figure.value)} ${figure.unit}\n`);
        const key = `${workload.name}/${figure.name}`;
        const row = rows.get(key) ?? {
          workload: workload.name,
          title: workload.title,
          figure: figure.name,
          unit: figure.unit,
          values: [],
          spread: spread([figure.value]),
        };
        row.values.push(figure.value);
        row.spread = spread(row.values);
        if (figure.reach !== undefined) {
          row.reach = figure.reach;
          row.reached =
            figure.reach.below === true
              ? row.spread.median < figure.reach.value
              : row.spread.median >= figure.reach.value;
        }
        rows.set(key, row);
      }
    }
  }
  return [...rows.values()];
}

function machine() {
  const revision = () => {
    try {
      return execFileSync("git", ["describe", "--always", "--dirty"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim();
    } catch {
      return "unknown: not a checkout";
    }
  };
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
    node: process.version,
    postgres: "embedded, fsync on, full_page_writes on, synchronous_commit on",
    revision: revision(),
    date: new Date().toISOString(),
  };
}

function heading(about: Record<string, unknown>): string {
  return Object.entries(about)
    .map(([name, value]) => `${name.padEnd(9)} ${value}`)
    .join("\n");
}

function table(rows: Row[]): string {
  const lines: string[] = [];
  let last = "";
  for (const row of rows) {
    if (row.workload !== last) lines.push("", `${row.workload}: ${row.title}`);
    last = row.workload;
    const { median, min, max } = row.spread;
    const reach =
      row.reach === undefined
        ? ""
        : `   ${row.reach.below ? "below" : "reach"} ${shown(row.reach.value)}: ${row.reached ? "yes" : "NO"}`;
    lines.push(
      `  ${row.figure.padEnd(32)} ${shown(median).padStart(12)} ${row.unit.padEnd(13)} ${`${shown(min)} … ${shown(max)}`.padEnd(26)}${reach}`,
    );
  }
  return lines.join("\n").trimStart();
}

const shown = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString("en")
    : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
