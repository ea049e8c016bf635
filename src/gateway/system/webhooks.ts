// POST webhooks/{topic}: what a system pushes, byte for byte to its connector, which verifies who sent it. Where a
// connector cannot, an API key of the system is asked for. Answered after the commit.
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Outcome } from "../../engine/log/incoming.ts";
import { requireScope, requireSystem } from "../access.ts";
import type { KeyGate } from "../key-gate.ts";
import type { GatewayLimits } from "../limits.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { sendText } from "../respond.ts";
import type { ServedRoute } from "../route.ts";

const EMPTY = Buffer.alloc(0);

export function webhooksRoute(ports: GatewayPorts, limits: GatewayLimits, gate: KeyGate): ServedRoute {
  async function serve(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { system, topic } = request.params as { system: string; topic: string };
    const access = Object.hasOwn(ports.integration.systems, system)
      ? ports.webhookAccess(system, topic)
      : undefined;
    if (access === undefined) throw new Refusal("webhook.unknown-topic", "There is no such webhook.");
    if (access === "key") {
      const caller = await gate.callerOf(request);
      requireScope(caller, "system:write");
      requireSystem(caller, system);
    }
    const outcomes = await ports.receiver.webhook(
      system,
      topic,
      request.headers,
      (request.body as Buffer | undefined) ?? EMPTY,
    );
    return sendText(reply, 200, answerText(outcomes));
  }

  return {
    method: "POST",
    path: "/system/v1/{system}/webhooks/{topic}",
    operation: "receiveWebhook",
    tag: "System",
    summary: "Receive what a system pushes",
    description:
      "The body is the system's own; its connector verifies the signature and maps it. It is kept as a receipt, so that a mended mapping can map it again.",
    access: "signed",
    parameters: { path: Type.Object({ system: Type.String(), topic: Type.String() }) },
    body: { "*/*": Type.Unknown() },
    bodyMaxBytes: limits.intakeMaxBytes,
    answers: {
      200: {
        description: "Everything in it is kept",
        schema: Type.Object({
          received: Type.Integer(),
          recorded: Type.Integer(),
          duplicate: Type.Integer(),
          conflict: Type.Integer(),
          rejected: Type.Integer(),
        }),
      },
    },
    serve,
  };
}

/** A sender that does not get a 2xx sends again; what was kept or is known needs no repetition, whatever became of it. */
function answerText(outcomes: readonly Outcome[]): string {
  const counts = { recorded: 0, duplicate: 0, conflict: 0, rejected: 0 };
  for (const { status } of outcomes) counts[status] += 1;
  return JSON.stringify({ received: outcomes.length, ...counts });
}
