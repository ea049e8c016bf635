// One request to a target, from being picked to being answered.
import type { Lane } from "./lane.ts";
import type { Route } from "./target.ts";

export interface Call {
  act: "send" | "find";
  route: Route;
  /** A call carries at most one message per lane: the first. */
  lanes: Lane[];
  /** Of lanes that stood in a call that failed as a whole. */
  suspect: boolean;
  /** It must not start later; Infinity where nothing was claimed. */
  deadline: number;
  startedAt: number;
  controller: AbortController | null;
  /** Answered, or given up. */
  over: boolean;
}

export function newCall(act: Call["act"], route: Route, lanes: Lane[], suspect: boolean): Call {
  return {
    act,
    route,
    lanes,
    suspect,
    deadline: Number.POSITIVE_INFINITY,
    startedAt: 0,
    controller: null,
    over: false,
  };
}
