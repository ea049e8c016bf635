// Replays: what a system should hold is sent again, or what could not be mapped is mapped again. Shown first, done
// when asked for.
import { Type } from "typebox";
import { parseTime } from "../../core/time.ts";
import { Code, object, oneOf, TimeText } from "../../domains/schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";

const Key = Type.String({ minLength: 1, maxLength: 256, pattern: "^(order|stock):[^\\u0000-\\u001f]+/[^\\u0000-\\u001f]+$" });
const Id = Type.String({ pattern: "^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$", description: "An exception's id" });
const bounds = { from: Type.Optional(TimeText), to: Type.Optional(TimeText), exception: Type.Optional(Id) };

const ReplayBody = object({
  target: Code,
  domain: Type.Optional(oneOf("inventory", "order")),
  key: Type.Optional(Key),
  ...bounds,
  execute: Type.Optional(Type.Boolean({ description: "False, or left out: only shown" })),
});
const RemapBody = object({ source: Code, ...bounds, execute: Type.Optional(Type.Boolean()) });

const ReplayAnswer = object({
  executed: Type.Boolean(),
  sent: Type.Integer(),
  left: Type.Record(Type.String(), Type.Integer()),
  items: Type.Array(Type.Unknown()),
  truncated: Type.Boolean(),
});
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
    answers: { 200: { description: "What is sent again, and what is left and why", schema: ReplayAnswer } },
    async handle({ body: { execute, ...scope } }) {
      known(integration.systems, "target", scope.target);
      return { body: await operations.replay(withTimes(scope), execute === true) };
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
    async handle({ body: { execute, ...scope } }) {
      known(integration.systems, "source", scope.source);
      return { body: await operations.remap(withTimes(scope), execute === true) };
    },
  });
  return [outward, inward];
}

function known(systems: object, field: string, name: string): void {
  if (!Object.hasOwn(systems, name)) throw invalid(field, `names ${name}, which is no system of the integration.`);
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
  return new Refusal("request.invalid", `$.${field} ${message}`, { errors: [{ path: `$.${field}`, message }] });
}
