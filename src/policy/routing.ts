// Which systems hear of a change, by which flow, how soon. Deny by default: what no flow carries goes nowhere,
// and a fact never goes back to the system that reported it. Compiled once per configuration; never fails.
import { type Outbound, type OutboundType, outboundKinds } from "../domains/outbound.ts";
import type { Flow, Integration } from "./integration.ts";

export interface Route {
  target: string;
  /** The flow's id. */
  flow: string;
  withinMs: number;
}

/** A configuration's flows, by message type. */
export type Routes = ReadonlyMap<string, readonly Candidate[]>;

/** Kinds that are figures or decisions of ours: they have no origin that a flow's `from` could name. */
const derivedKinds: ReadonlySet<OutboundType> = new Set([
  "inventory.availability",
  "order.booking",
  "order.release",
  "order.cancellation",
  "order.status",
]);

const NOWHERE: readonly Route[] = Object.freeze([]);

interface Candidate {
  route: Route;
  /** Absent: whatever the origin. */
  origins: ReadonlySet<string> | undefined;
}

export function compileRoutes(integration: Integration): Routes {
  const routes = new Map<string, readonly Candidate[]>();
  for (const type of Object.keys(outboundKinds) as OutboundType[]) {
    const candidates = candidatesFor(integration, type);
    if (candidates.length > 0) routes.set(type, candidates);
  }
  return routes;
}

/** Where one message goes; each target at most once. */
export function route(routes: Routes, outbound: Outbound): readonly Route[] {
  const candidates = routes.get(outbound.type);
  if (candidates === undefined) return NOWHERE;
  let found: Route[] | undefined;
  for (const { route, origins } of candidates) {
    if (outbound.addressee !== undefined && outbound.addressee !== route.target) continue;
    if (outbound.reportedBy === route.target) continue;
    if (origins !== undefined && (outbound.reportedBy === undefined || !origins.has(outbound.reportedBy)))
      continue;
    // The first flow wins: a target gets a message once.
    if (found?.some(({ target }) => target === route.target)) continue;
    found ??= [];
    found.push(route);
  }
  return found ?? NOWHERE;
}

function candidatesFor(integration: Integration, type: OutboundType): Candidate[] {
  const candidates: Candidate[] = [];
  for (const flow of integration.flows) {
    const origins = flow.from.length === 0 ? undefined : new Set(flow.from);
    for (const target of flow.to) {
      if (!carries(integration, flow, target, type)) continue;
      candidates.push({ route: Object.freeze({ target, flow: flow.id, withinMs: flow.withinMs }), origins });
    }
  }
  return candidates;
}

/** `return.advice` belongs to the order that it is about. */
export function domainOf(type: OutboundType): Flow["domain"] {
  if (type.startsWith("inventory.")) return "inventory";
  return type.startsWith("customer.") ? "customer" : "order";
}

/** Whether a flow takes messages of a type to one of its targets, whatever their origin. */
export function carries(integration: Integration, flow: Flow, target: string, type: OutboundType): boolean {
  return (
    flow.to.includes(target) &&
    domainOf(type) === flow.domain &&
    (flow.messages.length === 0 || flow.messages.includes(type)) &&
    writes(integration, target, type)
  );
}

/** Whether some flow can ever take messages of a type to a target. */
export function hasPath(integration: Integration, target: string, type: OutboundType): boolean {
  return integration.flows.some(
    (flow) => carries(integration, flow, target, type) && (flow.from.length === 0 || !derivedKinds.has(type)),
  );
}

export function isDerived(type: OutboundType): boolean {
  return derivedKinds.has(type);
}

export function writes(integration: Integration, system: string, type: OutboundType): boolean {
  return (
    Object.hasOwn(integration.systems, system) && integration.systems[system]!.writes[type] !== undefined
  );
}

/** The systems that are told what they may sell. */
export function channelsOf(integration: Integration): string[] {
  const targets = integration.flows.flatMap((flow) => flow.to);
  return [...new Set(targets)].filter((target) => hasPath(integration, target, "inventory.availability"));
}
