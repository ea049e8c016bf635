// POST events: one CloudEvent or a batch. Answered after the commit, event by event; a bad one costs the others
// nothing. This is the hot way in: its answers are written by hand.
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Outcome } from "../../engine/log/incoming.ts";
import type { Caller } from "../access.ts";
import { requireSystem } from "../access.ts";
import { acceptType, parseBody } from "../body.ts";
import type { GatewayLimits } from "../limits.ts";
import { CloudEvent, CloudEventBatch, EventResult } from "../openapi/cloud-events.ts";
import type { GatewayPorts } from "../ports.ts";
import { Refusal } from "../problem.ts";
import { sendText } from "../respond.ts";
import type { RouteDocument, ServedRoute } from "../route.ts";
import { readCloudEvent } from "./cloud-event.ts";

export const SINGLE_MEDIA = "application/cloudevents+json";
export const BATCH_MEDIA = "application/cloudevents-batch+json";
const ACCEPTED = [SINGLE_MEDIA, BATCH_MEDIA, "application/json"];

export function eventsRoute(ports: GatewayPorts, limits: GatewayLimits): ServedRoute {
  const { company, systems } = ports.integration;

  function serve(request: FastifyRequest, reply: FastifyReply): void {
    const { system } = request.params as { system: string };
    if (!Object.hasOwn(systems, system)) throw unknownSystem(system);
    requireSystem(request.caller as Caller, system);
    const media = acceptType(request.headers["content-type"], ACCEPTED);
    const body = parseBody(request.body as Buffer | undefined);
    checkShape(media, body);
    if (Array.isArray(body)) recordBatch(system, body, reply);
    else recordOne(system, body, reply);
  }

  function recordOne(system: string, body: unknown, reply: FastifyReply): void {
    const { id, incoming } = readCloudEvent(system, company, body);
    ports.recorder.record([incoming]).then(
      ([outcome]) => sendOne(reply, id, outcome!),
      (error: Error) => reply.send(error),
    );
  }

  function recordBatch(system: string, body: unknown[], reply: FastifyReply): void {
    if (body.length > limits.batchMax) {
      throw new Refusal(
        "event.batch-too-large",
        `A batch holds at most ${limits.batchMax} events, and this one holds ${body.length}.`,
      );
    }
    const read = body.map((event) => readCloudEvent(system, company, event));
    ports.recorder.record(read.map(({ incoming }) => incoming)).then(
      (outcomes) => sendText(reply, 200, batchText(read, outcomes)),
      (error: Error) => reply.send(error),
    );
  }

  return { ...document(limits), serve };
}

function document(limits: GatewayLimits): RouteDocument {
  return {
    method: "POST",
    path: "/system/v1/{system}/events",
    operation: "recordEvents",
    tag: "System",
    summary: "Record one event or a batch",
    description:
      "Events are recorded durably before they are answered. The source is the system that the address names, whatever the event says; " +
      "the same id with the same content is a duplicate, with other content a conflict. Paths of errors begin at the event.",
    access: "system:write",
    parameters: {
      path: Type.Object({ system: Type.String({ description: "A system of the integration" }) }),
    },
    body: {
      [SINGLE_MEDIA]: CloudEvent,
      [BATCH_MEDIA]: CloudEventBatch,
      "application/json": Type.Union([CloudEvent, CloudEventBatch]),
    },
    bodyMaxBytes: limits.intakeMaxBytes,
    answers: {
      200: {
        description:
          "A single event was recorded or is a duplicate; a batch was answered event by event, in its order",
        schema: Type.Union([EventResult, Type.Object({ results: Type.Array(EventResult) })]),
      },
      409: { description: "A single event: its id was used for other content" },
      422: { description: "A single event: it does not fit its contract" },
    },
  };
}

export function unknownSystem(system: string): Refusal {
  return new Refusal("system.unknown", `The integration has no system ${system.slice(0, 64)}.`);
}

/** `application/json` may be either. */
function checkShape(media: string, body: unknown): void {
  if (media === SINGLE_MEDIA && Array.isArray(body))
    throw new Refusal("request.type-unsupported", `A batch is sent as ${BATCH_MEDIA}.`);
  if (media === BATCH_MEDIA && !Array.isArray(body))
    throw new Refusal("request.type-unsupported", `One event is sent as ${SINGLE_MEDIA}.`);
}

function sendOne(reply: FastifyReply, id: string, outcome: Outcome): void {
  if (outcome.status === "recorded" || outcome.status === "duplicate") {
    sendText(reply, 200, resultText(id, outcome));
    return;
  }
  const { code, errors } = outcome.reason;
  const [first] = errors;
  const detail = first === undefined ? "The event was not recorded." : `${first.path} ${first.message}`;
  reply.send(new Refusal(code, detail, { errors, members: { outcome: outcome.status, id } }));
}

function batchText(read: readonly { id: string }[], outcomes: readonly Outcome[]): string {
  let text = '{"results":[';
  for (let index = 0; index < outcomes.length; index++) {
    if (index > 0) text += ",";
    text += resultText(read[index]!.id, outcomes[index]!);
  }
  return `${text}]}`;
}

function resultText(id: string, outcome: Outcome): string {
  const head = `{"id":${JSON.stringify(id)},"outcome":"${outcome.status}"`;
  switch (outcome.status) {
    case "recorded":
      return `${head},"seq":${outcome.seq}}`;
    case "duplicate":
      return `${head}}`;
    default:
      return `${head},"code":${JSON.stringify(outcome.reason.code)},"errors":${JSON.stringify(outcome.reason.errors)}}`;
  }
}
