// The node's own side of the books.
import { Type } from "typebox";
import { isTime } from "../../core/time.ts";
import { object } from "../../domains/schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";

const Day = Type.String({
  pattern: "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
  description: "A day such as 2026-11-24, UTC",
});
const FIRST_DAY = "2000-01-01";
const LAST_DAY = "9999-12-31";

export function bookRoutes({ operations }: GatewayPorts): HandledRoute[] {
  return [
    route({
      method: "GET",
      path: "/ops/v1/books",
      operation: "readBooks",
      tag: "Operations",
      summary: "The equations: events received, deliveries routed, units accepted, promises reserved",
      description: "`from` and `to` bound what was received; everything else stands as it is.",
      access: "ops:read",
      etag: true,
      query: object({ from: Type.Optional(Day), to: Type.Optional(Day) }),
      answers: { 200: { description: "Each with whether it balances", schema: Type.Unknown() } },
      async handle({ query }) {
        const range = { from: dayOf("from", query.from ?? FIRST_DAY), to: dayOf("to", query.to ?? LAST_DAY) };
        // Without the time of drawing, which is the answer's Date, books that have not changed are the same text.
        const { at: _at, ...body } = await operations.books(range);
        return { body };
      },
    }),
  ];
}

function dayOf(path: string, day: string): string {
  if (isTime(`${day}T00:00:00.000000Z`)) return day;
  const message = "is a day that no calendar has.";
  throw new Refusal("request.parameter-invalid", `${path} ${message}`, { errors: [{ path, message }] });
}
