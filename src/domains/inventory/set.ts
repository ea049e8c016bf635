// What a full set of a place says by leaving things out: they are gone, where the set is known to be whole and
// takes away no more than is likely. Otherwise nothing is zeroed, and a person looks.
import { parseTime, type Time } from "../../core/time.ts";
import type { NewEvent } from "../event.ts";
import { locationKey, stockKey } from "../key.ts";
import type { Problem, ProblemCode } from "../reaction.ts";
import type { StockSource } from "./change.ts";
import type { LevelObserved, SetObserved } from "./contract.ts";
import { isFuture } from "./level.ts";
import { fingerprint, ownerOf, unknownLocation } from "./problem.ts";
import type { StockLevel } from "./state.ts";
import { compareTimes } from "./statement-order.ts";

/** A level that the set names. A SKU alone stands for all its levels at the place. */
export type SetMember = string | Pick<LevelObserved, "sku" | "status" | "owner" | "lot">;

export interface SetFacts {
  /** Levels that were recorded with the set's id. */
  recordedLevels: number;
  inSet: Iterable<SetMember>;
  /** What is held of the place. */
  known: readonly { sku: string; level: StockLevel }[];
}

export interface SetDecision {
  followUps: NewEvent<"inventory.level.observed", LevelObserved>[];
  problems: Problem[];
  solved: string[];
}

/** The longest list of SKUs that a problem carries. */
const LISTED_MAX = 500;

/** `recordedAt`, where it is given, keeps a set from the future out as one, not level by level. */
export function decideSet(
  set: SetObserved & { source: string; company: string; recordedAt?: Time },
  facts: SetFacts,
  source: StockSource,
): SetDecision {
  const observedAt = parseTime(set.observedAt);
  const refusal = refuse(set, facts, source, observedAt);
  if (refusal !== undefined) return { followUps: [], problems: [refusal], solved: [] };

  const absent = absentLevels(set.location, facts, observedAt, source);
  const whole = fingerprint("inventory.set-incomplete", locationKey(set.company, set.location), set.source);
  const share = zeroedShare(facts.known, absent);
  if (share.zeroed.length > share.stocked * source.figure.zeroShareMax) {
    return { followUps: [], problems: [heldSet(set, share, source)], solved: [whole] };
  }
  return {
    followUps: absent.map(({ sku, level }) => zeroOf(set, sku, level, observedAt)),
    problems: [],
    solved: [whole, fingerprint("inventory.set-held", locationKey(set.company, set.location), set.source)],
  };
}

function refuse(
  set: SetObserved & { source: string; company: string; recordedAt?: Time },
  facts: SetFacts,
  source: StockSource,
  observedAt: Time,
): Problem | undefined {
  const { location, setId, count } = set;
  const owner = ownerOf(source, location);
  if (owner === undefined) return unknownLocation(set.company, location, set.source, { setId, count });
  if (owner !== source.system) {
    const title = `${set.source} sent a full set of ${location}, which is kept by ${owner}.`;
    return setProblem("inventory.not-owner", set, title, { owner, system: set.source, count });
  }
  if (set.recordedAt !== undefined && isFuture(observedAt, set.recordedAt, source)) {
    const title = `${set.source} dated its set of ${location} ${observedAt}, later than it was received.`;
    return setProblem("inventory.future-observation", set, title, { recordedAt: set.recordedAt });
  }
  if (count === facts.recordedLevels) return undefined;
  const title = `${set.source} counted ${count} levels in its set of ${location}; ${facts.recordedLevels} came. Nothing was zeroed.`;
  return setProblem("inventory.set-incomplete", set, title, { count, recorded: facts.recordedLevels });
}

type Known = SetFacts["known"][number];

/** Held with stock, not in the set and not observed after it. A tie is left to the level's own rule. */
function absentLevels(location: string, facts: SetFacts, observedAt: Time, source: StockSource): Known[] {
  const present = new Set<string>();
  for (const member of facts.inSet) present.add(typeof member === "string" ? member : memberName(member));
  const absent: Known[] = [];
  for (const known of facts.known) {
    const { sku, level } = known;
    if (level.location !== location || (level.onHand === 0n && level.base === 0n)) continue;
    if (present.has(sku) || present.has(memberName({ sku, ...level }))) continue;
    const isNewer =
      level.observedAt !== "" && compareTimes(level.observedAt, observedAt, source.clock.resolutionMs) > 0;
    if (!isNewer) absent.push(known);
  }
  return absent;
}

/** No SKU has a NUL, so that the name of a level is never a SKU's. */
const memberName = (member: Exclude<SetMember, string>): string =>
  `${member.sku}\u0000${member.status ?? "available"}\u0000${member.owner ?? ""}\u0000${member.lot ?? ""}`;

interface Share {
  /** SKUs that would stand at zero, of those that have stock. */
  zeroed: string[];
  stocked: number;
}

/** A SKU of which one lot is gone and another stays is not zeroed. */
function zeroedShare(known: readonly Known[], absent: readonly Known[]): Share {
  const gone = new Set(absent);
  const stays = new Map<string, boolean>();
  for (const one of known) {
    if (one.level.onHand === 0n) continue;
    stays.set(one.sku, stays.get(one.sku) === true || !gone.has(one));
  }
  const zeroed: string[] = [];
  for (const [sku, isLeft] of stays) if (!isLeft) zeroed.push(sku);
  return { zeroed, stocked: stays.size };
}

function heldSet(
  set: SetObserved & { source: string; company: string },
  share: Share,
  source: StockSource,
): Problem {
  const { zeroed, stocked } = share;
  return setProblem(
    "inventory.set-held",
    set,
    `The set of ${set.location} from ${set.source} would zero ${zeroed.length} of ${stocked} SKUs; it is held.`,
    {
      zeroed: zeroed.length,
      stocked,
      zeroShareMax: source.figure.zeroShareMax,
      skus: zeroed.slice(0, LISTED_MAX),
    },
  );
}

function setProblem(
  code: ProblemCode,
  set: SetObserved & { source: string; company: string },
  title: string,
  detail: Record<string, unknown>,
): Problem {
  const key = locationKey(set.company, set.location);
  return {
    code,
    fingerprint: fingerprint(code, key, set.source),
    title,
    detail: { location: set.location, setId: set.setId, observedAt: set.observedAt, ...detail },
    system: set.source,
    key,
  };
}

function zeroOf(
  set: SetObserved & { source: string; company: string },
  sku: string,
  level: StockLevel,
  observedAt: Time,
): NewEvent<"inventory.level.observed", LevelObserved> {
  return {
    type: "inventory.level.observed",
    source: set.source,
    company: set.company,
    key: stockKey(set.company, sku),
    time: observedAt,
    data: {
      company: set.company,
      sku,
      location: level.location,
      status: level.status,
      owner: level.owner,
      lot: level.lot,
      quantity: "0",
      observedAt,
      setId: set.setId,
    },
  };
}
