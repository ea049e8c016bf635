// GET /openapi.json: the routes as they are, for whoever has a key.
import { Type } from "typebox";
import { type HandledRoute, type RouteDocument, route } from "../route.ts";
import { openApiDocument } from "./document.ts";

export function openApiRoute(routes: readonly RouteDocument[], version: string): HandledRoute {
  let document: unknown;
  const self: HandledRoute = route({
    method: "GET",
    path: "/openapi.json",
    operation: "readOpenApi",
    tag: "Operations",
    summary: "This document",
    access: "any-key",
    etag: true,
    answers: {
      200: { description: "OpenAPI 3.1", schema: Type.Unknown() },
      304: { description: "It has not changed" },
    },
    handle() {
      document ??= openApiDocument([...routes, self], version);
      return { body: document };
    },
  });
  return self;
}
