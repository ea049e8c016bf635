// The configuration's face: defineIntegration turns what the business says into the integration as data, filled
// with defaults. What is not even well formed throws, all of it at once; what it means is proved by check.ts.
import { type Decimal, parseDecimal, ZERO } from "../core/decimal.ts";
import { CrossdockError } from "../core/errors.ts";
import { excerpt } from "../core/excerpt.ts";
import type { Ratio } from "../core/unit.ts";
import { explain } from "../domains/explain.ts";
import type { StockPolicy } from "../domains/inventory/policy.ts";
import type { MilestoneName, SlaPolicy } from "../domains/order/milestones.ts";
import type { OrderPolicy } from "../domains/order/policy.ts";
import { DEFAULT_COMPANY, DEFAULT_UNIT, defaultOrders } from "./defaults.ts";
import { parseDuration } from "./duration.ts";
import { type Finding, invalidConfiguration } from "./finding.ts";
import { FlowBuilder } from "./flow.ts";
import { IntegrationInput, type OrdersInput, type SlaInput, type StockInput } from "./input.ts";
import type { Flow, Integration, SystemDeclaration } from "./integration.ts";
import { callerPlace, notePlaces, placeOf } from "./place.ts";

export { flow } from "./flow.ts";
export type { Integration } from "./integration.ts";
export { env, secret } from "./values.ts";

export function defineIntegration(input: IntegrationInput): Integration {
  const place = callerPlace(defineIntegration);
  const findings = shapeFindings(input);
  if (findings.length === 0) {
    const reading = new Reading();
    const integration = read(input, reading);
    if (reading.findings.length === 0) {
      notePlaces(integration, placesOf(input, place));
      return integration;
    }
    findings.push(...reading.findings);
  }
  throw invalidConfiguration(
    findings.map((found) => ({ ...(place === undefined ? {} : { place }), ...found })),
  );
}

/** Turns texts into figures and keeps what it could not read. */
class Reading {
  readonly findings: Finding[] = [];

  duration(path: string, text: string): number {
    return this.attempt(path, () => parseDuration(text), 0);
  }

  decimal(path: string, text: string): Decimal {
    return this.attempt(path, () => parseDecimal(text), ZERO);
  }

  /** How many base units one unit is: "12", "0.5" or "1/3". */
  ratio(path: string, text: string): Ratio {
    return this.attempt(path, () => parseRatio(text), { numerator: 1n, denominator: 1n });
  }

  private attempt<T>(path: string, read: () => T, otherwise: T): T {
    try {
      return read();
    } catch (error) {
      this.findings.push({ level: "error", path, message: (error as Error).message });
      return otherwise;
    }
  }
}

function parseRatio(text: string): Ratio {
  const [upper = "", lower = "1", ...rest] = text.split("/");
  const numerator = parseDecimal(upper);
  const denominator = parseDecimal(lower);
  if (rest.length > 0 || numerator <= 0n || denominator <= 0n) {
    throw new CrossdockError(
      "configuration.invalid",
      `${excerpt(text)} is no ratio above zero such as "12" or "1/3".`,
    );
  }
  const divisor = greatestCommonDivisor(numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [left, right] = [a, b];
  while (right !== 0n) [left, right] = [right, left % right];
  return left;
}

function shapeFindings(input: IntegrationInput): Finding[] {
  const findings: Finding[] = explain(IntegrationInput, input).map(({ path, message }) => ({
    level: "error",
    path: path === "$" ? "configuration" : path.replace(/^\$\.?/, ""),
    message,
  }));
  if (findings.length > 0) return findings;
  for (const [name, system] of Object.entries(input.systems)) {
    if (typeof system === "function") {
      findings.push(
        error(`systems.${name}`, "is a connector that was not called: write its name and ({ … })."),
      );
    } else if (!isDeclaration(system)) {
      findings.push(error(`systems.${name}`, "is no system: use a connector, such as http({ url: … })."));
    }
  }
  for (const [index, flow] of (input.flows ?? []).entries()) {
    if (!(flow instanceof FlowBuilder)) {
      findings.push(error(`flows[${index}]`, 'is no flow: write flow("id", "Title").domain(…).to(…).'));
    } else if (flow.build() === undefined) {
      findings.push(
        withPlace(error(`flows.${flow.id}.domain`, 'says no domain: add .domain("inventory").'), flow),
      );
    }
  }
  return findings;
}

const error = (path: string, message: string): Finding => ({ level: "error", path, message });

function withPlace(finding: Finding, subject: object): Finding {
  const place = placeOf(subject);
  return place === undefined ? finding : { ...finding, place };
}

function isDeclaration(value: unknown): value is SystemDeclaration {
  return (
    typeof value === "object" &&
    value !== null &&
    "product" in value &&
    "limits" in value &&
    "writes" in value
  );
}

function placesOf(input: IntegrationInput, whole: string | undefined): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  const note = (path: string, place: string | undefined) => place !== undefined && places.set(path, place);
  note("", whole);
  for (const [name, system] of Object.entries(input.systems)) note(`systems.${name}`, placeOf(system));
  for (const flow of input.flows ?? []) note(`flows.${flow.id}`, placeOf(flow));
  return places;
}

function read(input: IntegrationInput, reading: Reading): Integration {
  const byLocation = { ...input.ownership?.inventory?.owner.byLocation };
  const overflow = [...(input.allocation?.overflow ?? [])];
  const ledger = input.ownership?.ledger;
  return {
    company: input.company ?? DEFAULT_COMPANY,
    systems: { ...input.systems },
    ownership: { inventory: { byLocation }, ...(ledger === undefined ? {} : { ledger }) },
    flows: (input.flows ?? []).map((flow) => flow.build() as Flow),
    allocation: {
      prefer: [
        ...(input.allocation?.prefer ?? Object.keys(byLocation).filter((place) => !overflow.includes(place))),
      ],
      overflow,
      split: input.allocation?.split ?? "minimise",
    },
    stock: readStock(input.stock ?? {}, reading),
    orders: readOrders(input.orders ?? {}, reading),
    ...(input.sla === undefined ? {} : { sla: readSla(input.sla, reading) }),
  };
}

function readStock(stock: StockInput, reading: Reading): StockPolicy {
  const units: StockPolicy["units"] = {};
  for (const [sku, { base, ratios }] of Object.entries(stock.units ?? {})) {
    units[sku] = { base, ratios: {} };
    for (const [unit, text] of Object.entries(ratios ?? {})) {
      units[sku].ratios[unit] = reading.ratio(`stock.units.${sku}.ratios.${unit}`, text);
    }
  }
  return {
    safety: (stock.safety ?? []).map(({ sku, location, quantity }, index) => ({
      sku: sku ?? "*",
      location: location ?? "*",
      quantity: reading.decimal(`stock.safety[${index}].quantity`, quantity),
    })),
    buffers: (stock.buffers ?? []).map(({ channel, sku, quantity, percent }, index) => ({
      channel,
      sku: sku ?? "*",
      quantity: reading.decimal(`stock.buffers[${index}].quantity`, quantity ?? "0"),
      percent: percent ?? 0,
    })),
    netting: Object.entries(stock.channels ?? {}).flatMap(([channel, { netsOwnOrders }]) =>
      netsOwnOrders ? [channel] : [],
    ),
    // Oldest first, so that the first that fits is the widest.
    ageing: (stock.ageing ?? [])
      .map(({ after, percent }, index) => ({
        afterMs: reading.duration(`stock.ageing[${index}].after`, after),
        percent,
      }))
      .sort((a, b) => b.afterMs - a.afterMs),
    units,
    baseUnit: stock.baseUnit ?? DEFAULT_UNIT,
  };
}

function readOrders(orders: OrdersInput, reading: Reading): OrderPolicy {
  const { releaseBeforeBooking, shortage } = orders;
  const expiry = (name: "reservationExpiry" | "reservationExpiryMax", otherwise: number): number => {
    const said = orders[name];
    return said === undefined ? otherwise : reading.duration(`orders.${name}`, said);
  };
  return {
    releaseBeforeBooking: releaseBeforeBooking ?? defaultOrders.releaseBeforeBooking,
    shortage: shortage ?? defaultOrders.shortage,
    reservationExpiryMs: expiry("reservationExpiry", defaultOrders.reservationExpiryMs),
    reservationExpiryMaxMs: expiry("reservationExpiryMax", defaultOrders.reservationExpiryMaxMs),
  };
}

function readSla(sla: SlaInput, reading: Reading): SlaPolicy {
  const policy: SlaPolicy = {};
  for (const [name, milestone] of Object.entries(sla) as [MilestoneName, SlaInput[MilestoneName]][]) {
    if (milestone === undefined) continue;
    const withinMs = reading.duration(`sla['${name}'].within`, milestone.within);
    const warnBeforeMs =
      milestone.warnBefore === undefined
        ? Math.floor(withinMs / 4)
        : reading.duration(`sla['${name}'].warnBefore`, milestone.warnBefore);
    policy[name] = { withinMs, warnBeforeMs };
  }
  return policy;
}
