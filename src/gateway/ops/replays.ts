// Replays: what a system should hold is sent again, or what could not be mapped is mapped again. Shown first, done
// when asked for.
import { Type } from "typebox";
import { parseTime } from "../../core/time.ts";
import { Code, object, oneOf, TimeText } from "../../domains/schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";

const Key = Type.String({ minLength: 1, maxLength: 256, pattern: "^[^\\u0000-\\u001f]+$" });
const Id = Type.String({
  pattern: "^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$",
  description: "An exception's id",
});
const execute = Type.Optional(Type.Boolean({ description: "False, or left out: only shown" }));
const bounds = { from: Type.Optional(TimeText), to: Type.Optional(TimeText) };

const ReplayBody = object({
  system: Code,
  domain: Type.Optional(oneOf("inventory", "order", "return", "customer")),
  lane: Type.Optional(Key),
  key: Type.Optional(Key),
  ...bounds,
  execute,
});
const ReplayAnswer = object({
  executed: Type.Boolean(),
  types: Type.Optional(
    Type.Array(
      object({
        type: Type.String(),
        treatment: oneOf("rendered", "looked-up", "repeated", "left"),
        deliveries: Type.Integer(),
        keys: Type.Integer(),
        firstAt: TimeText,
        lastAt: TimeText,
      }),
    ),
  ),
  samples: Type.Optional(Type.Array(Type.Unknown())),
  replayed: Type.Optional(Type.Integer()),
  unwanted: Type.Optional(Type.Integer()),
  underWay: Type.Optional(Type.Integer()),
});
const RemapBody = object({ system: Code, exception: Type.Optional(Id), ...bounds, execute });
const RemapAnswer = object({
  executed: Type.Boolean(),
  mapped: Type.Integer(),
  ignored: Type.Integer(),
  stillFailing: Type.Integer(),
  events: Type.Integer(),
  failures: Type.Array(Type.Unknown()),
});

export function replayRoutes({ operations, integration }: GatewayPorts): HandledRoute[] {
  const outward = route({
    method: "POST",
    path: "/ops/v1/replays",
    operation: "replay",
    tag: "Operations",
    summary: "Send again what a system should hold",
    description:
      "Figures are drawn anew from the state as it is; documents are looked up in the target before they are sent, and only while the process still wants them. " +
      "Shows what would be sent unless `execute` is true.",
    access: "ops:write",
    body: ReplayBody,
    answers: {
      200: {
        description: "What there is by type and how each is treated; executed, how many were made",
        schema: ReplayAnswer,
      },
    },
    async handle({ body: { execute: wanted, ...scope } }) {
      known(integration.systems, scope.system);
      const timed = withTimes(scope);
      if (wanted === true) return { body: { executed: true, ...(await operations.replay(timed)) } };
      return { body: { executed: false, ...(await operations.previewReplay(timed)) } };
    },
  });
  const inward = route({
    method: "POST",
    path: "/ops/v1/remaps",
    operation: "remap",
    tag: "Operations",
    summary: "Map receipts again that could not be mapped",
    description: "After a mapping was mended. Shows what would be mapped unless `execute` is true.",
    access: "ops:write",
    body: RemapBody,
    answers: { 200: { description: "What is mapped, and what still fails and why", schema: RemapAnswer } },
    async handle({ body: { execute: wanted, system, ...scope } }) {
      known(integration.systems, system);
      return { body: await operations.remap({ source: system, ...withTimes(scope) }, wanted === true) };
    },
  });
  return [outward, inward];
}

function known(systems: object, name: string): void {
  if (!Object.hasOwn(systems, name))
    throw invalid("system", `names ${name}, which is no system of the integration.`);
}

function withTimes<Scope extends { from?: string; to?: string }>(scope: Scope): Scope {
  const copy = { ...scope };
  for (const name of ["from", "to"] as const) {
    const text = copy[name];
    if (text !== undefined) copy[name] = readTime(name, text);
  }
  return copy;
}

function readTime(name: string, text: string): string {
  try {
    return parseTime(text);
  } catch {
    // parseTime says no only by throwing; the pattern let the text through, so the calendar did not.
    throw invalid(name, "is a time that no calendar has.");
  }
}

function invalid(field: string, message: string): Refusal {
  return new Refusal("request.invalid", `$.${field} ${message}`, {
    errors: [{ path: `$.${field}`, message }],
  });
}
