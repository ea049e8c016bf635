// What a transaction's whole change of one SKU means to others: what channels may sell, what stands where,
// whom a shortfall puts at risk, and who waits for what came. Called once a SKU, however many events it had.
import { type Decimal, formatDecimal } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import { stockKey } from "../key.ts";
import type { AvailabilityPayload, LevelPayload, Outbound } from "../outbound.ts";
import { noReaction, type Reaction } from "../reaction.ts";
import {
  agedUnits,
  availableToPromise,
  channelFigure,
  oldestObservation,
  onHandAt,
  owedBy,
} from "./available.ts";
import type { SettleContext } from "./change.ts";
import { fingerprint, placeName } from "./problem.ts";
import type { Commitment, StockItem, StockLevel } from "./state.ts";

/**
 * `before` is null for a SKU that nobody was told of, or to say everything again (as observations age, or supply
 * falls overdue, figures change without an event). `reportedBy` names the system that a level was heard from.
 */
export function settleStock(
  before: StockItem | null,
  after: StockItem,
  context: SettleContext,
  reportedBy?: (level: StockLevel) => string | undefined,
): Reaction {
  const reaction = noReaction();
  if (before === after) return reaction;
  const key = stockKey(after.company, after.sku);
  if (context.channels.length > 0) publishAvailability(reaction, key, before, after, context);
  if (context.levels && before?.levels !== after.levels)
    publishLevels(reaction, key, before, after, reportedBy);
  compareShortfalls(reaction, key, before, after, context.now);
  if (isWorthALook(before, after, context)) {
    reaction.tasks.push({ kind: "reallocate", key, dueAt: context.now });
  }
  return reaction;
}

function publishAvailability(
  reaction: Reaction,
  key: string,
  before: StockItem | null,
  after: StockItem,
  context: SettleContext,
): void {
  const { policy, now } = context;
  const lane = `${key}@availability`;
  const promisable = availableToPromise(after, { now }, policy);
  const aged = agedUnits(after, policy, now);
  // In another unit the same figure says something else.
  const told = before === null || before.unit !== after.unit ? null : before;
  const promisableBefore = told === null ? 0n : availableToPromise(told, { now }, policy);
  const agedBefore = told === null ? 0n : agedUnits(told, policy, now);
  // Promises of a channel that nets them change its figure, even where they leave nothing less to promise.
  const isAsPromised = policy.netting.length === 0 || told?.commitments === after.commitments;
  if (told !== null && isAsPromised && promisable === promisableBefore && aged === agedBefore) return;
  const asOf = oldestObservation(after);
  for (const channel of context.channels) {
    const quantity = channelFigure(promisable, after, channel, policy, aged);
    if (told !== null && quantity === channelFigure(promisableBefore, told, channel, policy, agedBefore))
      continue;
    const outbound: Outbound<AvailabilityPayload> = {
      type: "inventory.availability",
      lane,
      key: lane,
      addressee: channel,
      payload: {
        company: after.company,
        sku: after.sku,
        unit: after.unit,
        quantity: formatDecimal(quantity),
        asOf,
      },
    };
    reaction.outbound.push(outbound);
  }
}

function publishLevels(
  reaction: Reaction,
  key: string,
  before: StockItem | null,
  after: StockItem,
  reportedBy: ((level: StockLevel) => string | undefined) | undefined,
): void {
  for (let index = 0; index < after.levels.length; index++) {
    const level = after.levels[index]!;
    // Levels are only ever added at the end, so an index is the same level before and after.
    if (before?.levels[index]?.onHand === level.onHand && before.unit === after.unit) continue;
    const lane = `${key}@${placeName(level)}`;
    const payload: LevelPayload = {
      company: after.company,
      sku: after.sku,
      location: level.location,
      status: level.status,
      owner: level.owner,
      lot: level.lot,
      unit: after.unit,
      quantity: formatDecimal(level.onHand),
      observedAt: level.observedAt,
    };
    const reporter = reportedBy?.(level);
    reaction.outbound.push(
      reporter === undefined
        ? { type: "inventory.level", lane, key: lane, payload }
        : { type: "inventory.level", lane, key: lane, reportedBy: reporter, payload },
    );
  }
}

/** What a place has promised by now beyond what stands there: facts took it away after the promise. */
function compareShortfalls(
  reaction: Reaction,
  key: string,
  before: StockItem | null,
  after: StockItem,
  now: Time,
): void {
  if (before !== null && before.levels === after.levels && before.commitments === after.commitments) return;
  const seen: string[] = [];
  for (const commitments of [after.commitments, before?.commitments ?? NONE]) {
    for (const { location } of commitments) {
      if (location === "" || seen.includes(location)) continue;
      seen.push(location);
      compareShortfall(reaction, key, location, before, after, now);
    }
  }
}

const NONE: Commitment[] = [];

function compareShortfall(
  reaction: Reaction,
  key: string,
  location: string,
  before: StockItem | null,
  after: StockItem,
  now: Time,
): void {
  const short = shortAt(after, location, now);
  const shortBefore = before === null ? 0n : shortAt(before, location, now);
  const about = fingerprint("inventory.shortfall", key, location);
  if (short <= 0n) {
    if (shortBefore > 0n) reaction.solved.push(about);
    return;
  }
  // A promise for a later day falls due without an event, so that nobody has been told of it yet.
  const fellDue = after.commitments.some((c) => c.location === location && c.dueAt !== "" && c.dueAt <= now);
  if (short === shortBefore && !fellDue) return;
  const detail = {
    location,
    onHand: formatDecimal(onHandAt(after, location)),
    committed: formatDecimal(owedBy(after, location, now)),
    short: formatDecimal(short),
    unit: after.unit,
  };
  reaction.problems.push({
    code: "inventory.shortfall",
    fingerprint: about,
    title: `${location} is ${detail.short} ${after.unit} of ${after.sku} short of what it promised.`,
    detail,
    key,
  });
}

function shortAt(item: StockItem, location: string, now: Time): Decimal {
  const committed = owedBy(item, location, now);
  if (committed === 0n) return 0n;
  const onHand = onHandAt(item, location);
  return onHand > 0n ? committed - onHand : committed;
}

/** Somebody waits, and there is more to promise, or supply was dated, re-dated or cancelled. */
function isWorthALook(before: StockItem | null, after: StockItem, context: SettleContext): boolean {
  if (!after.commitments.some((commitment) => commitment.location === "")) return false;
  if (before !== null && before.inbound !== after.inbound) return true;
  const query = { now: context.now, forBackorder: true };
  const promisable = availableToPromise(after, query, context.policy);
  return promisable > (before === null ? 0n : availableToPromise(before, query, context.policy));
}
