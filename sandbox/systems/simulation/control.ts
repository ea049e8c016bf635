// The control routes that every simulated system has beside its native API: faults, reset, health
// and counters. The demo driver uses them; no connector may.

import { type Fault, type FaultKind, type FaultSwitch, faultKinds } from "./faults.ts";
import { type Fields, fieldsOf, optionalNumber, text } from "./fields.ts";
import { Refusal } from "./refusal.ts";
import type { Route } from "./router.ts";

export interface Controlled {
  name: string;
  faults: FaultSwitch;
  reset: () => void;
  /** Sizes of what the system holds, for people and tests. */
  counts: () => Record<string, number>;
  requests: () => Iterable<[string, number]>;
}

export function controlRoutes(system: Controlled): Route[] {
  const startedAt = Date.now();
  return [
    {
      method: "GET",
      path: "/control/health",
      handle: () => ({
        status: 200,
        body: {
          name: system.name,
          uptimeMs: Date.now() - startedAt,
          faults: system.faults.list(),
          counts: system.counts(),
        },
      }),
    },
    {
      method: "GET",
      path: "/control/requests",
      handle: () => ({ status: 200, body: Object.fromEntries(system.requests()) }),
    },
    { method: "GET", path: "/control/faults", handle: () => ({ status: 200, body: system.faults.list() }) },
    {
      method: "POST",
      path: "/control/faults",
      handle: (request) => {
        const body = request.json();
        const given = Array.isArray(body) ? body : [body];
        system.faults.set(...given.map((entry) => readFault(fieldsOf(entry, "fault"))));
        return { status: 200, body: system.faults.list() };
      },
    },
    {
      method: "DELETE",
      path: "/control/faults",
      handle: (request) => {
        const kind = request.query.get("kind");
        system.faults.clear(kind === null ? undefined : readKind(kind));
        return { status: 200, body: system.faults.list() };
      },
    },
    {
      method: "POST",
      path: "/control/reset",
      handle: () => {
        system.reset();
        return { status: 204 };
      },
    },
  ];
}

function readFault(fields: Fields): Fault {
  const fault: Fault = { kind: readKind(text(fields, "kind")) };
  for (const name of ["probability", "ms", "from", "to"] as const) {
    const value = optionalNumber(fields, name);
    if (value === undefined) continue;
    if (value < 0 || (name === "probability" && value > 1)) {
      throw new Refusal(400, "invalidField", `${name} is out of range`);
    }
    fault[name] = value;
  }
  return fault;
}

function readKind(kind: string): FaultKind {
  const known = faultKinds.find((candidate) => candidate === kind);
  if (!known) throw new Refusal(400, "invalidField", `kind must be one of ${faultKinds.join(", ")}`);
  return known;
}

/** Routes that read and change numeric settings such as delays; an unknown name is refused. */
export function settingsRoutes<Settings extends object>(settings: Settings): Route[] {
  return [
    { method: "GET", path: "/control/settings", handle: () => ({ status: 200, body: settings }) },
    {
      method: "POST",
      path: "/control/settings",
      handle: (request) => {
        const given = fieldsOf(request.json());
        const held = settings as Record<string, unknown>;
        for (const [name, value] of Object.entries(given)) {
          if (!Object.hasOwn(held, name)) throw new Refusal(400, "invalidField", `${name} is no setting`);
          if (value !== null && typeof value !== "number" && typeof value !== "string") {
            throw new Refusal(400, "invalidField", `${name} must be a number, a text or null`);
          }
        }
        Object.assign(held, given);
        return { status: 200, body: settings };
      },
    },
  ];
}
