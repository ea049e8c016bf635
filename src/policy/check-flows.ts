// What flows may say: known systems, messages that a target can be sent, origins that can occur.
import { didYouMean } from "../domains/nearest.ts";
import { type OutboundType, outboundKinds } from "../domains/outbound.ts";
import type { Findings } from "./check.ts";
import type { Flow, Integration } from "./integration.ts";
import { carries, domainOf, isDerived, writes } from "./routing.ts";

const ID = /^[a-z][a-z0-9-]{0,63}$/;
const WITHIN_MS = { least: 100, most: 7 * 86_400_000 };
const DOMAINS: readonly string[] = ["inventory", "order", "customer"] satisfies Flow["domain"][];
const types = Object.keys(outboundKinds) as OutboundType[];

export function checkFlows(integration: Integration, findings: Findings): void {
  const seen = new Set<string>();
  const carried = new Map<string, string>();
  for (const flow of integration.flows) {
    const path = `flows.${flow.id}`;
    if (seen.has(flow.id)) findings.error(path, "is the id of two flows: give one of them another.");
    seen.add(flow.id);
    checkWords(flow, path, findings);
    const known = checkNames(flow, path, findings);
    if (!DOMAINS.includes(flow.domain)) {
      findings.error(`${path}.domain`, `is "${flow.domain}"; it must be one of ${DOMAINS.join(", ")}.`);
      continue;
    }
    checkMessages(flow, path, findings);
    for (const target of known) checkTarget(integration, flow, target, path, findings);
    checkOrigins(integration, flow, path, findings);
    checkOverlap(integration, flow, path, carried, findings);
  }
}

function checkWords(flow: Flow, path: string, findings: Findings): void {
  if (!ID.test(flow.id)) {
    findings.error(
      path,
      "is no id of a flow: use lower-case letters, digits and hyphens, a letter first, at most 64.",
    );
  }
  if (flow.title.trim() === "") findings.warning(`${path}.title`, "is empty: say what the flow is for.");
  if (flow.owner === "")
    findings.warning(`${path}.owner`, "names nobody: add .owner(…), who is asked when it is late.");
  if (flow.impact === "")
    findings.warning(`${path}.impact`, "says nothing: add .impact(…), what its failure costs.");
  if (!(flow.withinMs >= WITHIN_MS.least && flow.withinMs <= WITHIN_MS.most)) {
    findings.error(`${path}.within`, "must lie between 100ms and 7d.");
  }
  if (flow.pattern !== "event")
    findings.error(`${path}.pattern`, `is "${flow.pattern}"; only "event" is known.`);
}

/** The targets that are declared. */
function checkNames(flow: Flow, path: string, findings: Findings): string[] {
  if (flow.to.length === 0) findings.error(`${path}.to`, "names no target: add .to(…).");
  for (const side of ["from", "to"] as const) {
    const twice = flow[side].find((name, index) => flow[side].indexOf(name) !== index);
    if (twice !== undefined) findings.warning(`${path}.${side}`, `names ${twice} twice.`);
    for (const name of new Set(flow[side])) findings.system(`${path}.${side}`, name);
  }
  return [...new Set(flow.to)].filter((name) => Object.hasOwn(findings.systems, name));
}

function checkMessages(flow: Flow, path: string, findings: Findings): void {
  for (const type of flow.messages) {
    if (!types.includes(type)) {
      findings.error(
        `${path}.messages`,
        `names ${JSON.stringify(type)}, which is no message.${didYouMean(type, types)}`,
      );
    } else if (domainOf(type) !== flow.domain) {
      findings.error(`${path}.messages`, `names ${type}, which belongs to the domain ${domainOf(type)}.`);
    }
  }
}

function checkTarget(
  integration: Integration,
  flow: Flow,
  target: string,
  path: string,
  findings: Findings,
): void {
  if (!types.some((type) => carries(integration, flow, target, type))) {
    const able = types.filter((type) => writes(integration, target, type));
    const says = able.length === 0 ? "nothing at all" : able.join(", ");
    const wanted =
      flow.messages.length === 0 ? `anything of the domain ${flow.domain}` : flow.messages.join(", ");
    findings.error(`${path}.to`, `names ${target}, which cannot be sent ${wanted}; it can be sent ${says}.`);
    return;
  }
  for (const type of flow.messages) {
    if (domainOf(type) === flow.domain && types.includes(type) && !writes(integration, target, type)) {
      findings.warning(
        `${path}.messages`,
        `${target} cannot be sent ${type}, so the flow does not carry it there.`,
      );
    }
  }
}

function checkOrigins(integration: Integration, flow: Flow, path: string, findings: Findings): void {
  if (flow.from.length === 0) return;
  for (const target of new Set(flow.to)) {
    if (flow.from.every((origin) => origin === target)) {
      findings.warning(
        `${path}.from`,
        `names only ${target} itself, and nothing goes back to who reported it.`,
      );
    }
  }
  const lost = types.filter(
    (type) => isDerived(type) && flow.to.some((target) => carries(integration, flow, target, type)),
  );
  if (lost.length > 0) {
    findings.warning(
      `${path}.from`,
      `no system reports ${lost.join(", ")}: Crossdock makes it, and this flow never carries it. Leave .from() out, or name the other .messages().`,
    );
  }
}

/** Of two flows that take the same messages to the same target the first one counts. */
function checkOverlap(
  integration: Integration,
  flow: Flow,
  path: string,
  carried: Map<string, string>,
  findings: Findings,
): void {
  for (const target of new Set(flow.to)) {
    const covered = types.filter((type) => carries(integration, flow, target, type));
    if (covered.length === 0) continue;
    const earlier = covered.map((type) => carried.get(`${target} ${type}`));
    if (earlier.every((id) => id !== undefined)) {
      findings.warning(
        `${path}.to`,
        `the flow ${earlier[0]} already takes all of this to ${target}; this one never will.`,
      );
    }
    if (flow.from.length > 0) continue;
    for (const type of covered) {
      const key = `${target} ${type}`;
      if (!carried.has(key)) carried.set(key, flow.id);
    }
  }
}
