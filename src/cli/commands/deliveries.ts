// crossdock deliveries: what is on its way into systems and what became of it; parked ones retried or given up.
import { CrossdockError } from "../../core/errors.ts";
import {
  type DeliveryDetail,
  type DeliveryFilter,
  type DeliveryStateName,
  type DeliverySummary,
  deliveryStates,
  pageDeliveries,
  readDelivery,
} from "../../engine/operations/deliveries.ts";
import { openStuck, retryDelivery, skipDelivery } from "../../engine/operations/replays.ts";
import { type CommandContext, type InstallationFlags, withInstallation } from "../context.ts";
import { UsageError } from "../failure.ts";
import { clock, duration, instant } from "../figures.ts";
import { limitOf } from "../limit.ts";
import { fields, paint, table } from "../table.ts";

export interface DeliveryFlags extends InstallationFlags {
  target?: string;
  state?: string;
  lane?: string;
  limit?: string;
}

export function runDeliveries(context: CommandContext, flags: DeliveryFlags): Promise<void> {
  const filter: DeliveryFilter = { limit: limitOf(flags.limit, 50) };
  if (flags.target !== undefined) filter.target = flags.target;
  if (flags.lane !== undefined) filter.lane = flags.lane;
  if (flags.state !== undefined) filter.state = stateOf(flags.state);
  return withInstallation(context, flags, async ({ db, output }) => {
    const deliveries = await pageDeliveries(db, filter);
    output.result({ deliveries }, () =>
      deliveries.length === 0 ? "There is no such delivery." : deliveryTable(deliveries),
    );
  });
}

function stateOf(text: string): DeliveryStateName {
  const state = deliveryStates.find((known) => known === text);
  if (state === undefined)
    throw new UsageError(`--state is one of ${deliveryStates.join(", ")}, not ${text}.`);
  return state;
}

const STATE_STYLES: Partial<Record<DeliveryStateName, "green" | "red" | "yellow" | "dim">> = {
  delivered: "green",
  parked: "red",
  behind: "yellow",
  referring: "yellow",
  merged: "dim",
};

function deliveryTable(deliveries: readonly DeliverySummary[]): string {
  return table<DeliverySummary>(
    [
      { title: "ID", value: (d) => d.id, right: true },
      { title: "MADE", value: (d) => instant(d.createdAt) },
      { title: "TO", value: (d) => d.target },
      { title: "TYPE", value: (d) => d.type },
      { title: "KEY", value: (d) => d.key },
      { title: "STATE", value: (d) => d.state, style: (d) => STATE_STYLES[d.state] },
      { title: "TRIES", value: (d) => String(d.attempts), right: true },
      { title: "TOOK", value: (d) => (d.durationMs === null ? "" : duration(d.durationMs)), right: true },
      { title: "ANSWER", value: (d) => d.reference ?? d.reason ?? "" },
    ],
    deliveries,
  );
}

export function runShowDelivery(
  context: CommandContext,
  id: string,
  flags: InstallationFlags,
): Promise<void> {
  const wanted = idOf(id);
  return withInstallation(context, flags, async ({ db, output }) => {
    const found = await readDelivery(db, wanted);
    if (found === null) throw new CrossdockError("delivery.not-found", `There is no delivery ${id}.`);
    output.result(found, () => deliveryPage(found));
  });
}

function idOf(text: string): string {
  if (/^[1-9]\d{0,14}$/.test(text)) return text;
  throw new UsageError(`${text} is no id of a delivery, which is a number.`);
}

function deliveryPage(found: DeliveryDetail): string {
  const settled = found.settledAt === null ? "" : ` at ${instant(found.settledAt)}`;
  const failures = found.failures.map(
    ({ attempt, startedAt, durationMs, answer, reason }) =>
      `${clock(startedAt)}  attempt ${attempt}  ${answer} after ${duration(durationMs)}${reason === null ? "" : `: ${reason}`}`,
  );
  return [
    fields([
      ["delivery", found.id],
      ["to", `${found.target} by ${found.flow}`],
      ["type", found.type],
      ["key", found.key],
      ["lane", found.lane],
      ["state", `${found.state}${settled}`],
      ["made", `${instant(found.createdAt)} by event ${found.causeSeq}`],
      ["attempts", String(found.attempts)],
      ...(found.reference === null ? [] : [["reference", found.reference] as const]),
      ...(found.reason === null ? [] : [["reason", found.reason] as const]),
    ]),
    ...(failures.length === 0 ? [] : ["", ...failures]),
    "",
    paint("dim", JSON.stringify(found.payload, null, 2)),
  ].join("\n");
}

export function runRetry(context: CommandContext, id: string, flags: InstallationFlags): Promise<void> {
  const wanted = idOf(id);
  return withInstallation(context, flags, async ({ db, integration, output }) => {
    await retryDelivery(db, openStuck(db, integration), wanted);
    output.result({ id: wanted, state: "waiting" }, () => `Delivery ${id} waits for its turn again.`);
  });
}

export function runSkip(
  context: CommandContext,
  id: string,
  flags: InstallationFlags & { reason: string },
): Promise<void> {
  const wanted = idOf(id);
  return withInstallation(context, flags, async ({ db, integration, output }) => {
    await skipDelivery(db, openStuck(db, integration), wanted, flags.reason);
    output.result(
      { id: wanted, state: "skipped" },
      () => `Delivery ${id} is given up; what waits behind it goes on.`,
    );
  });
}
