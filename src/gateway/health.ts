// GET /health: may this node be sent work? The one anonymous route; whoever asks often is answered from memory.
import { object, oneOf } from "../domains/schema.ts";
import type { GatewayPorts } from "./ports.ts";
import { type Answer, type HandledRoute, route } from "./route.ts";

const FRESH_MS = 1_000;

export function healthRoute({ operations }: GatewayPorts, stopping: () => boolean): HandledRoute {
  let asked: { at: number; answer: Promise<boolean> } | undefined;

  /** One question to the database at a time, however many ask. */
  function databaseAnswers(): Promise<boolean> {
    const now = performance.now();
    if (asked === undefined || now - asked.at > FRESH_MS) {
      const answer = operations.ping().then(
        () => true,
        () => false,
      );
      asked = { at: now, answer };
    }
    return asked.answer;
  }

  return route({
    method: "GET",
    path: "/health",
    operation: "readHealth",
    tag: "Operations",
    summary: "Whether the node takes work",
    access: "anonymous",
    answers: {
      200: { description: "It does", schema: object({ status: oneOf("ok") }) },
      503: { description: "It is stopping, or its database does not answer" },
    },
    async handle(): Promise<Answer> {
      if (stopping()) return { status: 503, body: { status: "stopping" } };
      const well = await databaseAnswers();
      return well
        ? { body: { status: "ok" } }
        : { status: 503, headers: { "retry-after": "1" }, body: { status: "database-unavailable" } };
    },
  });
}
