// What may be promised of SKUs, now or by a date, and as of when that is known.
import { Type } from "typebox";
import { parseTime } from "../../core/time.ts";
import { Code, Company, DecimalText, Identifier, object, TimeText } from "../../domains/schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { type HandledRoute, route } from "../route.ts";

const SKUS_MAX = 200;
const OptionalTime = Type.Union([TimeText, Type.Null()]);

const Item = object({
  sku: Type.String(),
  known: Type.Boolean(),
  unit: Type.Union([Type.String(), Type.Null()]),
  available: DecimalText,
  asOf: OptionalTime,
  backordered: DecimalText,
  locations: Type.Array(
    object({
      location: Type.String(),
      onHand: DecimalText,
      reserved: DecimalText,
      available: DecimalText,
      asOf: OptionalTime,
    }),
  ),
  sellable: Type.Optional(DecimalText),
});

export function availabilityRoute({ operations, integration }: GatewayPorts): HandledRoute {
  return route({
    method: "GET",
    path: "/process/v1/availability",
    operation: "readAvailability",
    tag: "Process",
    summary: "What may be promised",
    description:
      "Available to promise per SKU, over all places or at one, now or from a time on; asOf is the oldest observation that the figure rests on. " +
      "With a channel, what it is told that it may sell: less its buffers, and with what its own orders reserve where it nets them.",
    access: "process:read",
    etag: true,
    query: object({
      sku: Type.Array(Identifier, { minItems: 1, maxItems: SKUS_MAX }),
      at: Type.Optional(TimeText),
      location: Type.Optional(Code),
      channel: Type.Optional(Code),
      company: Type.Optional(Company),
    }),
    answers: {
      200: {
        description: "One item per SKU, in the order they were asked for",
        schema: object({ items: Type.Array(Item) }),
      },
      304: { description: "It has not changed" },
    },
    async handle({ query }) {
      const { channel } = query;
      if (channel !== undefined && !Object.hasOwn(integration.systems, channel))
        throw refuse("channel", `names ${channel}, which is no system of the integration.`);
      const at = query.at === undefined ? undefined : readTime(query.at);
      const items = await operations.availability({
        skus: [...new Set(query.sku)],
        company: query.company,
        at,
        location: query.location,
        channel,
      });
      return { body: { items } };
    },
  });
}

function readTime(text: string): string {
  try {
    return parseTime(text);
  } catch {
    // parseTime says no only by throwing; the pattern let the text through, so the calendar did not.
    throw refuse("at", "is a time that no calendar has.");
  }
}

function refuse(path: string, message: string): Refusal {
  return new Refusal("request.parameter-invalid", `${path} ${message}`, { errors: [{ path, message }] });
}
