// Routes of a simulated system: fixed paths by look-up, paths with `:parameters` in the order given.

import type { IncomingHttpHeaders } from "node:http";

export interface NativeRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  params: Record<string, string>;
  headers: IncomingHttpHeaders;
  /** The body as it came; `json()` reads it. */
  body: string;
  json(): unknown;
}

export interface NativeAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export type Handle = (request: NativeRequest) => NativeAnswer | Promise<NativeAnswer>;

export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** For example `/api/outbound/:id/cancel` or `/odata/v4/SalesOrders(:id)`. */
  path: string;
  handle: Handle;
}

interface PatternRoute {
  route: Route;
  pattern: RegExp;
  names: string[];
}

export interface Found {
  route: Route;
  params: Record<string, string>;
}

export class Router {
  private readonly fixed = new Map<string, Route>();
  private readonly patterns: PatternRoute[] = [];

  constructor(routes: Route[]) {
    for (const route of routes) {
      if (route.path.includes(":")) this.patterns.push(compile(route));
      else this.fixed.set(`${route.method} ${route.path}`, route);
    }
  }

  find(method: string, path: string): Found | undefined {
    const route = this.fixed.get(`${method} ${path}`);
    if (route) return { route, params: {} };
    for (const candidate of this.patterns) {
      if (candidate.route.method !== method) continue;
      const match = candidate.pattern.exec(path);
      if (!match) continue;
      const params: Record<string, string> = {};
      for (const [index, name] of candidate.names.entries()) {
        params[name] = decoded(match[index + 1] as string);
      }
      return { route: candidate.route, params };
    }
    return undefined;
  }
}

/** A broken percent sequence stays as it is: then nothing has that name, which is the right answer. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function compile(route: Route): PatternRoute {
  const names: string[] = [];
  const source = route.path
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/:([A-Za-z]+)/g, (_all, name: string) => {
      names.push(name);
      return "([^/()]+)";
    });
  return { route, pattern: new RegExp(`^${source}$`), names };
}
