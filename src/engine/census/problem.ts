// What a census finds, as exceptions: one of each kind a system and stream.
import type { Time } from "../../core/time.ts";
import type { Problem, ProblemCode } from "../../domains/reaction.ts";

export interface Stream {
  system: string;
  domain: string;
}

const IDS_MAX = 50;
const TITLE_IDS_MAX = 5;

/** It lists what never came here, though it was read again. */
export const missingProblem = (stream: Stream, ids: readonly string[]): Problem =>
  problem("census.missing", stream, `${stream.system} holds what never came here: ${shown(ids)}`, ids);

/** It acknowledged what it no longer lists. */
export const surplusProblem = (stream: Stream, ids: readonly string[]): Problem =>
  problem(
    "census.surplus",
    stream,
    `${stream.system} no longer holds what it acknowledged: ${shown(ids)}`,
    ids,
  );

/** All that it acknowledged since then is gone, and what is older is there. */
export function restoredProblem(stream: Stream, ids: readonly string[], since: Time): Problem {
  const command = `crossdock replay --target ${stream.system} --from ${since}`;
  const title = `${stream.system} seems to be restored from a backup: what it acknowledged since ${since} is gone (${shown(ids)}). Stop its deliveries, then ${command}`;
  const found = problem("system.restored", stream, title, ids);
  return { ...found, detail: { ...found.detail, since, command } };
}

export const fingerprintsOf = (stream: Stream): string[] =>
  (["census.missing", "census.surplus", "system.restored"] as const).map((code) =>
    fingerprintOf(code, stream),
  );

const fingerprintOf = (code: ProblemCode, { system, domain }: Stream) => `${code}/${system}@${domain}`;

function problem(code: ProblemCode, stream: Stream, title: string, ids: readonly string[]): Problem {
  return {
    code,
    fingerprint: fingerprintOf(code, stream),
    title,
    detail: { stream: stream.domain, ids: ids.slice(0, IDS_MAX), count: ids.length },
    system: stream.system,
    key: `system:${stream.system}`,
  };
}

const shown = (ids: readonly string[]): string =>
  ids.length <= TITLE_IDS_MAX
    ? ids.join(", ")
    : `${ids.slice(0, TITLE_IDS_MAX).join(", ")} and ${ids.length - TITLE_IDS_MAX} more`;
