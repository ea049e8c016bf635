// Proves a configuration before anything runs: what contradicts itself is an error, what will surprise somebody
// a warning. Works on the integration as data, with its settings resolved; never throws.
import { isUnit } from "../core/unit.ts";
import { didYouMean } from "../domains/nearest.ts";
import type { OutboundType } from "../domains/outbound.ts";
import { checkFlows } from "./check-flows.ts";
import { checkSystems } from "./check-systems.ts";
import type { Finding } from "./finding.ts";
import type { Integration } from "./integration.ts";
import { placeAt } from "./place.ts";
import { channelsOf, hasPath, writes } from "./routing.ts";

export type { Finding } from "./finding.ts";

/** Errors first; in the order of the file within. */
export function checkIntegration(integration: Integration): Finding[] {
  const findings = new Findings(integration);
  checkSystems(integration, findings);
  checkOwnership(integration, findings);
  checkLedger(integration, findings);
  checkFlows(integration, findings);
  checkAllocation(integration, findings);
  checkStock(integration, findings);
  checkOrders(integration, findings);
  checkMilestones(integration, findings);
  return findings.sorted();
}

export class Findings {
  private readonly integration: Integration;
  private readonly list: Finding[] = [];

  constructor(integration: Integration) {
    this.integration = integration;
  }

  error(path: string, message: string): void {
    this.add("error", path, message);
  }

  warning(path: string, message: string): void {
    this.add("warning", path, message);
  }

  /** An error where no such system is declared. */
  system(path: string, name: string): boolean {
    if (Object.hasOwn(this.integration.systems, name)) return true;
    const known = Object.keys(this.integration.systems);
    this.error(
      path,
      `names the system ${JSON.stringify(name)}, which is not declared.${didYouMean(name, known)}`,
    );
    return false;
  }

  get systems(): Integration["systems"] {
    return this.integration.systems;
  }

  sorted(): Finding[] {
    return [...this.list].sort((a, b) => Number(a.level === "warning") - Number(b.level === "warning"));
  }

  private add(level: Finding["level"], path: string, message: string): void {
    const place = placeAt(this.integration, path);
    this.list.push(place === undefined ? { level, path, message } : { level, path, message, place });
  }
}

const OWNERS = "ownership.inventory.owner.byLocation";

function checkOwnership(integration: Integration, findings: Findings): void {
  for (const [location, owner] of Object.entries(integration.ownership.inventory.byLocation)) {
    findings.system(`${OWNERS}.${location}`, owner);
  }
}

function checkLedger(integration: Integration, findings: Findings): void {
  const { ledger } = integration.ownership;
  if (ledger === undefined || !findings.system("ownership.ledger", ledger)) return;
  if (!writes(integration, ledger, "order.booking")) {
    findings.error(
      "ownership.ledger",
      `${ledger} cannot be sent order.booking, so no order would ever be booked: name a system that can, or none.`,
    );
    return;
  }
  warnWithoutPath(
    integration,
    findings,
    "ownership.ledger",
    ledger,
    "order.booking",
    "orders will never be booked",
  );
  if (writes(integration, ledger, "inventory.movement")) {
    const harm = "goods movements will never be valued";
    warnWithoutPath(integration, findings, "ownership.ledger", ledger, "inventory.movement", harm);
  }
}

function warnWithoutPath(
  integration: Integration,
  findings: Findings,
  path: string,
  target: string,
  type: OutboundType,
  harm: string,
): void {
  if (hasPath(integration, target, type)) return;
  const domain = type.startsWith("inventory.") ? "inventory" : "order";
  findings.warning(
    path,
    `no flow carries ${type} to ${target}, so ${harm}: add a flow with .domain("${domain}").to("${target}").`,
  );
}

function checkAllocation(integration: Integration, findings: Findings): void {
  const { prefer, overflow } = integration.allocation;
  const seen = new Map<string, string>();
  for (const [list, locations] of Object.entries({ prefer, overflow })) {
    for (const [index, location] of locations.entries()) {
      const path = `allocation.${list}[${index}]`;
      const earlier = seen.get(location);
      if (earlier !== undefined)
        findings.error(path, `names ${location}, which ${earlier} names already: name it once.`);
      else checkPlace(integration, findings, path, location);
      seen.set(location, earlier ?? path);
    }
  }
  if (seen.size === 0 && integration.flows.some(({ domain }) => domain === "order")) {
    findings.warning(
      "allocation.prefer",
      "names no location, so every order line waits: list the places to ship from.",
    );
  }
}

function checkPlace(integration: Integration, findings: Findings, path: string, location: string): void {
  const { byLocation } = integration.ownership.inventory;
  const owner = Object.hasOwn(byLocation, location) ? byLocation[location]! : undefined;
  if (owner === undefined) {
    const hint = didYouMean(location, Object.keys(byLocation));
    findings.error(path, `names ${location}, which nobody owns: add it under ${OWNERS}.${hint}`);
    return;
  }
  if (!Object.hasOwn(integration.systems, owner)) return;
  if (!writes(integration, owner, "order.release")) {
    findings.warning(
      path,
      `${owner}, which owns ${location}, cannot be sent order.release, so nothing ships from there.`,
    );
    return;
  }
  warnWithoutPath(integration, findings, path, owner, "order.release", `nothing ships from ${location}`);
  if (!hasPath(integration, owner, "order.cancellation")) {
    findings.warning(
      path,
      `no order.cancellation can reach ${owner}, so what was released to ${location} cannot be called back.`,
    );
  }
}

function checkStock(integration: Integration, findings: Findings): void {
  const { safety, ageing, units, baseUnit } = integration.stock;
  const places = Object.keys(integration.ownership.inventory.byLocation);
  for (const [index, { location, quantity }] of safety.entries()) {
    const path = `stock.safety[${index}]`;
    if (location !== "*" && !places.includes(location)) {
      findings.error(
        `${path}.location`,
        `names ${location}, which nobody owns.${didYouMean(location, places)}`,
      );
    }
    if (quantity < 0n) findings.error(`${path}.quantity`, "is below zero.");
  }
  checkChannels(integration, findings);
  for (const [index, { afterMs, percent }] of ageing.entries()) {
    if (afterMs <= 0) findings.error(`stock.ageing[${index}].after`, "must be longer than nothing.");
    checkPercent(findings, `stock.ageing[${index}].percent`, percent);
  }
  checkUnit(findings, "stock.baseUnit", baseUnit);
  for (const [sku, { base, ratios }] of Object.entries(units)) {
    checkUnit(findings, `stock.units.${sku}.base`, base);
    for (const unit of Object.keys(ratios)) checkUnit(findings, `stock.units.${sku}.ratios.${unit}`, unit);
    if (Object.hasOwn(ratios, base)) {
      findings.error(`stock.units.${sku}.ratios.${base}`, "is the base unit itself: leave it out.");
    }
  }
}

/** What is kept from a channel, and what it takes off by itself. */
function checkChannels(integration: Integration, findings: Findings): void {
  const { buffers, netting } = integration.stock;
  const channels = channelsOf(integration);
  for (const [index, { channel, quantity, percent }] of buffers.entries()) {
    const path = `stock.buffers[${index}]`;
    if (channel !== "*" && findings.system(`${path}.channel`, channel) && !channels.includes(channel)) {
      findings.warning(
        `${path}.channel`,
        `no flow tells ${channel} what it may sell, so its buffer has no effect.`,
      );
    }
    if (quantity < 0n) findings.error(`${path}.quantity`, "is below zero.");
    checkPercent(findings, `${path}.percent`, percent);
  }
  for (const channel of netting) {
    const path = `stock.channels.${channel}`;
    if (findings.system(path, channel) && !channels.includes(channel)) {
      findings.warning(path, `no flow tells ${channel} what it may sell, so what it nets has no effect.`);
    }
  }
}

function checkPercent(findings: Findings, path: string, percent: number): void {
  if (!(percent >= 0 && percent <= 100))
    findings.error(path, `is ${percent}; a percentage lies between 0 and 100.`);
}

function checkUnit(findings: Findings, path: string, code: string): void {
  if (!isUnit(code)) {
    findings.warning(
      path,
      `${code} is no unit of UN/ECE Recommendation 20 that is known here, such as EA, CS or KGM.`,
    );
  }
}

const EXPIRY_MS = { least: 1_000, most: 30 * 86_400_000 };

function checkOrders(integration: Integration, findings: Findings): void {
  const { reservationExpiryMs, reservationExpiryMaxMs } = integration.orders;
  const isOutside = (ms: number) => ms < EXPIRY_MS.least || ms > EXPIRY_MS.most;
  if (isOutside(reservationExpiryMs)) {
    findings.error("orders.reservationExpiry", "must lie between 1s and 30d.");
  }
  if (isOutside(reservationExpiryMaxMs)) {
    findings.error("orders.reservationExpiryMax", "must lie between 1s and 30d.");
  } else if (reservationExpiryMs > reservationExpiryMaxMs) {
    findings.error("orders.reservationExpiry", "must not be longer than orders.reservationExpiryMax.");
  }
}

const MILESTONE_MS = { least: 1_000, most: 365 * 86_400_000 };

function checkMilestones({ sla, ownership }: Integration, findings: Findings): void {
  for (const [name, { withinMs, warnBeforeMs }] of Object.entries(sla ?? {})) {
    const path = `sla['${name}']`;
    if (withinMs < MILESTONE_MS.least || withinMs > MILESTONE_MS.most) {
      findings.error(`${path}.within`, "must lie between 1s and 365d.");
    }
    if (warnBeforeMs >= withinMs) {
      findings.error(
        `${path}.warnBefore`,
        "must be shorter than within: the warning would come with the order.",
      );
    }
  }
  if (sla?.["order.booked"] !== undefined && ownership.ledger === undefined) {
    findings.warning(
      "sla['order.booked']",
      "will be missed by every order: ownership.ledger names no system that books.",
    );
  }
}
