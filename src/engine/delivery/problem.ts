// Problems that deliveries raise, and the message that brings a target what it lacks.
import type { Reference } from "../../domains/outbound.ts";
import type { Problem, ProblemCode } from "../../domains/reaction.ts";
import type { NewDelivery } from "../../store/delivery.ts";
import type { Entry } from "./lane.ts";

function problemFingerprint(code: ProblemCode, system: string, entry: Entry): string {
  return `${code}/${system}/${entry.type}/${entry.key}`;
}

export function outcomeProblem(
  code: "delivery.refused" | "delivery.outcome-unknown",
  system: string,
  lane: string,
  entry: Entry,
  reason: string,
): Problem {
  const title =
    code === "delivery.refused"
      ? `${system} refuses ${entry.type} ${entry.key}: ${reason}`
      : `Whether ${entry.type} ${entry.key} took effect in ${system} is unknown, and ${system} cannot be asked`;
  return {
    code,
    fingerprint: problemFingerprint(code, system, entry),
    title,
    detail: {
      deliveryId: String(entry.id),
      type: entry.type,
      key: entry.key,
      attempts: entry.attempts,
      reason,
    },
    system,
    key: lane,
  };
}

/** Null where every reference can be sent by ourselves; `unsendable` are those that cannot. */
export function missingProblem(
  system: string,
  lane: string,
  entry: Entry,
  references: readonly Reference[],
  unsendable: readonly Reference[],
): Problem | null {
  if (unsendable.length === 0 && references.length > 0) return null;
  const what = unsendable.map((r) => `${r.domain} ${r.key}`).join(", ") || "something it does not name";
  return {
    code: "delivery.reference-missing",
    fingerprint: problemFingerprint("delivery.reference-missing", system, entry),
    title: `${system} lacks ${what}, which ${entry.type} ${entry.key} names`,
    detail: { deliveryId: String(entry.id), type: entry.type, key: entry.key, references: unsendable },
    system,
    key: lane,
  };
}

export function unavailableProblem(system: string, reason: string, probedEveryMs: number): Problem {
  return {
    code: "system.unavailable",
    fingerprint: `system.unavailable/${system}`,
    title: `${system} does not answer; its deliveries wait`,
    detail: { reason, probedEveryMs },
    system,
    key: `system:${system}`,
  };
}

export function accessProblem(system: string, reason: string): Problem {
  return {
    code: "system.access-refused",
    fingerprint: `system.access-refused/${system}`,
    title: `${system} refuses our access; its deliveries wait`,
    detail: { reason },
    system,
    key: `system:${system}`,
  };
}

export const referenceLane = (reference: Reference): string =>
  `reference:${reference.domain}/${reference.key}`;

/** The reference's own message, drawn from the document that names it; null where that does not hold it. */
export function renderReference(system: string, entry: Entry, reference: Reference): NewDelivery | null {
  if (reference.domain !== "customer") return null;
  const document = JSON.parse(entry.payload) as {
    company?: string;
    customer?: { id: string; name?: string; country?: string; class?: string } | null;
  };
  const { company, customer } = document;
  if (company === undefined || customer === undefined || customer === null) return null;
  return {
    target: system,
    lane: referenceLane(reference),
    class: entry.class,
    type: "customer.reference",
    flow: entry.flow,
    key: reference.key,
    causeSeq: entry.causeSeq,
    correlationId: entry.correlationId,
    payload: JSON.stringify({ company, ...customer }),
    merge: false,
  };
}
