// The OpenAPI 3.1 document, drawn from the routes' own declarations.
import type { TSchema } from "typebox";
import type { SchemaNode } from "../../domains/explain.ts";
import { problemKinds } from "../problem-codes.ts";
import type { RouteDocument } from "../route.ts";
import { eventComponents } from "./cloud-events.ts";

type Json = Record<string, unknown>;

const PROBLEM = { $ref: "#/components/schemas/Problem" };

export function openApiDocument(routes: readonly RouteDocument[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  return {
    openapi: "3.1.0",
    info: {
      title: "Crossdock",
      version,
      description:
        "The integration layer of a distributor: systems in and out, business services over all of them, operations.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An API key made by crossdock key create" },
        apiKey: { type: "apiKey", in: "header", name: "X-Api-Key" },
      },
      schemas: { Problem: problemSchema(), ...eventComponents() },
    },
  };
}

function operation(route: RouteDocument): Json {
  const { access } = route;
  const open = access === "anonymous" || access === "signed";
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(access === "any-key" || open ? {} : { "x-scope": access }),
    security: open ? [] : [{ bearer: [] }, { apiKey: [] }],
    parameters: parameters(route),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: contents(route.body) } }),
    responses: responses(route),
  };
}

function contents(body: Readonly<Record<string, TSchema>>): Json {
  return Object.fromEntries(Object.entries(body).map(([media, schema]) => [media, { schema }]));
}

function parameters(route: RouteDocument): Json[] {
  const found = [...placed("path", route.parameters?.path), ...placed("query", route.parameters?.query)];
  if (route.idempotencyKey) {
    found.push({
      name: "Idempotency-Key",
      in: "header",
      required: false,
      description:
        "Sent again with the same key, a request is answered as it was; with another body it is refused",
      schema: { type: "string", maxLength: 255 },
    });
  }
  if (route.etag)
    found.push({ name: "If-None-Match", in: "header", required: false, schema: { type: "string" } });
  return found;
}

function placed(place: "path" | "query", schema: TSchema | undefined): Json[] {
  const { properties = {}, required = [] } = (schema ?? {}) as SchemaNode;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: property,
    ...(property.description === undefined ? {} : { description: property.description }),
    ...(property.type === "array" ? { style: "form", explode: true } : {}),
  }));
}

function responses(route: RouteDocument): Json {
  const answers: Record<string, Json> = {};
  for (const [status, { description, schema }] of Object.entries(route.answers)) {
    if (Number(status) >= 400) answers[status] = problem(description);
    else
      answers[status] = {
        description,
        ...(schema === undefined ? {} : { content: { "application/json": { schema } } }),
        ...etagHeader(route, status),
      };
  }
  answers.default = problem("Refused; the code says why");
  return answers;
}

function etagHeader(route: RouteDocument, status: string): Json {
  return route.etag && status === "200" ? { headers: { ETag: { schema: { type: "string" } } } } : {};
}

function problem(description: string): Json {
  return { description, content: { "application/problem+json": { schema: PROBLEM } } };
}

function problemSchema(): Json {
  return {
    type: "object",
    description: "RFC 9457",
    required: ["type", "title", "status", "code", "detail", "requestId"],
    properties: {
      type: { type: "string", format: "uri" },
      title: { type: "string" },
      status: { type: "integer" },
      code: { type: "string", description: "Stable", examples: Object.keys(problemKinds) },
      detail: { type: "string" },
      errors: {
        type: "array",
        items: {
          type: "object",
          required: ["path", "message"],
          properties: { path: { type: "string" }, message: { type: "string" } },
        },
      },
      requestId: { type: "string" },
    },
  };
}
