// What a system's declaration may say: its name, its limits, what its figures and its clock mean.
import { SELF } from "../domains/event.ts";
import type { Findings } from "./check.ts";
import { codeFault, codeTables } from "./codes.ts";
import { formatDuration } from "./duration.ts";
import type { Integration, Limits, SystemDeclaration } from "./integration.ts";

const NAME = /^[a-z][a-z0-9-]{0,31}$/;

interface Range {
  /** As it is written in the configuration. */
  key: string;
  least: number;
  most: number;
  whole: boolean;
  duration: boolean;
}

const count = (key: string, least: number, most: number): Range => ({
  key,
  least,
  most,
  whole: true,
  duration: false,
});
const duration = (key: string, least: number, most: number): Range => ({
  key,
  least,
  most,
  whole: true,
  duration: true,
});

const ranges: Readonly<Record<keyof Limits, Range>> = {
  concurrency: count("concurrency", 1, 1_000),
  ratePerSecond: { ...count("ratePerSecond", 0, 100_000), whole: false },
  requestTimeoutMs: duration("requestTimeout", 100, 600_000),
  backoffFirstMs: duration("backoffFirst", 10, 3_600_000),
  backoffLastMs: duration("backoffLast", 10, 86_400_000),
  breakerLanes: count("breakerLanes", 1, 1_000),
  probeEveryMs: duration("probeEvery", 100, 3_600_000),
};

export function checkSystems(integration: Integration, findings: Findings): void {
  const systems = Object.entries(integration.systems);
  if (systems.length === 0)
    findings.error("systems", "declares no system: add the first, such as erp: http({ … }).");
  for (const [name, system] of systems) {
    const path = `systems.${name}`;
    if (!NAME.test(name) || name === SELF) {
      findings.error(
        path,
        name === SELF
          ? `is a name that Crossdock keeps for itself: choose another.`
          : "is no name of a system: use lower-case letters, digits and hyphens, a letter first, at most 32.",
      );
    }
    checkLimits(system.limits, path, findings);
    checkSource(system, path, findings);
    checkSpeech(system, path, findings);
    checkWitness(system, path, findings);
    checkWrites(system, path, findings);
    checkCodes(system, path, findings);
  }
}

function checkCodes({ codes = {} }: SystemDeclaration, path: string, findings: Findings): void {
  const known: readonly string[] = codeTables;
  for (const [table, pairs] of Object.entries(codes)) {
    const at = `${path}.codes.${table}`;
    if (!known.includes(table)) {
      findings.error(at, `is no code table; there are ${known.join(", ")}.`);
      continue;
    }
    for (const [native, canonical] of Object.entries(pairs)) {
      const fault =
        codeFault(native) ?? (typeof canonical === "string" ? codeFault(canonical) : "is no text");
      if (fault !== undefined)
        findings.error(at, `says ${JSON.stringify(native)} is ${JSON.stringify(canonical)}, which ${fault}.`);
    }
  }
}

function checkLimits(limits: Limits, path: string, findings: Findings): void {
  for (const [name, range] of Object.entries(ranges) as [keyof Limits, Range][]) {
    const value = limits[name];
    if (value >= range.least && value <= range.most && (!range.whole || Number.isInteger(value))) continue;
    const show = (figure: number) => (range.duration ? formatDuration(figure) : String(figure));
    const between = `between ${show(range.least)} and ${show(range.most)}`;
    const shown =
      range.duration && Number.isInteger(value) && value >= 0 ? formatDuration(value) : String(value);
    findings.error(
      `${path}.limits.${range.key}`,
      `is ${shown}; it must lie ${between}${range.whole && !range.duration ? ", whole" : ""}.`,
    );
  }
  if (limits.backoffFirstMs > limits.backoffLastMs) {
    findings.error(
      `${path}.limits.backoffFirst`,
      "is longer than backoffLast: retries would come faster and faster.",
    );
  }
}

const DAY_MS = 86_400_000;

function checkSource({ figures, clock }: SystemDeclaration, path: string, findings: Findings): void {
  if (!(figures.zeroShareMax >= 0 && figures.zeroShareMax <= 1)) {
    findings.error(
      `${path}.figures.zeroShareMax`,
      `is ${figures.zeroShareMax}; a share lies between 0 and 1.`,
    );
  }
  if (!(clock.resolutionMs >= 0 && clock.resolutionMs <= DAY_MS)) {
    findings.error(`${path}.clock.resolution`, "must lie between 0s and 1d.");
  }
  if (!(clock.skewMaxMs >= 0 && clock.skewMaxMs <= DAY_MS)) {
    findings.error(`${path}.clock.skewMax`, "must lie between 0s and 1d.");
  }
}

function checkSpeech({ speaksWithinMs }: SystemDeclaration, path: string, findings: Findings): void {
  if (speaksWithinMs !== undefined && !(speaksWithinMs >= 1_000 && speaksWithinMs <= 30 * DAY_MS)) {
    findings.error(`${path}.speaksWithin`, "must lie between 1s and 30d.");
  }
}

function checkWitness({ witness }: SystemDeclaration, path: string, findings: Findings): void {
  const { everyMs, settledMs, overlapMs } = witness;
  if (!(everyMs >= 1_000 && everyMs <= DAY_MS))
    findings.error(`${path}.witness.every`, "must lie between 1s and 1d.");
  if (!(settledMs >= 1_000 && settledMs <= DAY_MS))
    findings.error(`${path}.witness.settled`, "must lie between 1s and 1d.");
  if (!(overlapMs >= 2 * settledMs && overlapMs <= 7 * DAY_MS))
    findings.error(
      `${path}.witness.overlap`,
      "must lie between twice `settled` and 7d: less would leave a gap between two looks.",
    );
}

function checkWrites(system: SystemDeclaration, path: string, findings: Findings): void {
  for (const [type, write] of Object.entries(system.writes)) {
    if (!Number.isInteger(write.bulkMax) || write.bulkMax < 1 || write.bulkMax > 10_000) {
      findings.error(
        `${path}.writes.${type}`,
        `says ${write.bulkMax} records a call; it must be between 1 and 10000.`,
      );
    }
    if (write.kind === "none") {
      findings.warning(
        `${path}.writes.${type}`,
        `is neither repeatable nor looked up, so every time-out of ${type} waits for a person.`,
      );
    }
  }
}
