// A system that deliveries go to, as the engine sees it, and the figures that hold for every one of them.
import type { ConnectorSession, Writer } from "../../connector/contract.ts";
import { CrossdockError } from "../../core/errors.ts";
import type { OutboundType } from "../../domains/outbound.ts";
import type { Limits, WriteDeclaration } from "../../policy/integration.ts";

export interface Target {
  system: string;
  session: ConnectorSession;
  writes: Partial<Record<OutboundType, WriteDeclaration>>;
  limits: Limits;
  mode: "live" | "observe";
}

export interface Tuning {
  /** Rows of one target held in memory; the table holds the rest. */
  windowMax: number;
  /** A message that fails while others of its type succeed is parked after so many failures and so long. */
  illAttemptsMax: number;
  illParkAfterMs: number;
  /** A target that has been nothing but busy for so long is taken to be ill. */
  busyIllAfterMs: number;
  /** A lane that was ready for so long is taken before its class's turn, every fourth time. */
  ageBoundMs: number;
  /** How often the table is looked at for what was not handed over, by id from a while ago, and as a whole. */
  sweepMs: number;
  sweepAllMs: number;
  /** How often waiting references and parked messages are looked after. */
  housekeepingMs: number;
  /** What waits for a reference asks the target again after this long in any case. */
  referenceRetryMs: number;
  /** A target's own word on when to come back is honoured up to this long. */
  retryAfterMaxMs: number;
}

export const defaultTuning: Tuning = {
  windowMax: 20_000,
  illAttemptsMax: 5,
  illParkAfterMs: 120_000,
  busyIllAfterMs: 60_000,
  ageBoundMs: 30_000,
  sweepMs: 1_000,
  sweepAllMs: 10_000,
  housekeepingMs: 5_000,
  referenceRetryMs: 60_000,
  retryAfterMaxMs: 3_600_000,
};

/** How one type of message is written to a target. */
export interface Route {
  writer: Writer;
  kind: WriteDeclaration["kind"];
  bulkMax: number;
  /** Committed before it is sent. */
  claimed: boolean;
  /** Whether the target can be asked for a message. */
  findable: boolean;
}

/** The routes of a target. Throws where a connector declares what its writers cannot do. */
export function routesOf(target: Target): Map<OutboundType, Route> {
  const routes = new Map<OutboundType, Route>();
  for (const [name, declaration] of Object.entries(target.writes)) {
    const type = name as OutboundType;
    const writer = target.session.writers[type];
    if (writer === undefined) {
      throw new CrossdockError(
        "delivery.no-writer",
        `The connector of ${target.system} declares ${type} but has no writer for it.`,
      );
    }
    if (declaration.kind === "lookup" && writer.find === undefined) {
      throw new CrossdockError(
        "delivery.no-look-up",
        `The connector of ${target.system} declares look-up for ${type} but its writer cannot find.`,
      );
    }
    routes.set(type, {
      writer,
      kind: declaration.kind,
      bulkMax: Math.max(1, declaration.bulkMax),
      claimed: declaration.kind === "lookup" || declaration.kind === "none",
      findable: declaration.kind !== "none" && writer.find !== undefined,
    });
  }
  return routes;
}
