// A gateway with a real node and database behind it, for tests: systems without connectors of their own, a key of
// every kind, and requests over real HTTP.
import { request as httpRequest } from "node:http";
import pino from "pino";
import { resolveIntegration } from "../connector/resolve.ts";
import { http } from "../connectors/http/index.ts";
import { createApiKey } from "../engine/operations/api-key.ts";
import { type Scope, scopes } from "../engine/operations/scopes.ts";
import { type Running, startCrossdock } from "../main.ts";
import { defineIntegration, flow } from "../policy/define.ts";
import type { Integration } from "../policy/integration.ts";
import { type TestDatabase, testDatabase } from "../postgres/testing.ts";
import type { GatewayLimits } from "./limits.ts";

export interface TestGateway {
  running: Running;
  database: TestDatabase;
  /** Of all scopes. */
  key: string;
  newKey(name: string, scopes: readonly Scope[], system?: string): Promise<string>;
  send(options: SendOptions): Promise<Received>;
  stop(): Promise<void>;
}

export interface SendOptions {
  method?: string;
  path: string;
  /** Text and bytes are sent as they are, anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string | undefined>;
  /** The key; null: none. */
  key?: string | null;
}

export interface Received {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json: any;
}

export const webhookSecret = "whsec_dGVzdC1zZWNyZXQtb2YtdGhlLXdlc3Qtd2FyZWhvdXNl";

export function testIntegration(): Integration {
  const declared = defineIntegration({
    systems: {
      east: http({ url: "http://127.0.0.1:9/records", messages: ["order.release", "order.cancellation"] }),
      west: http({ url: "http://127.0.0.1:9/records", messages: ["order.release"], webhookSecret }),
      portal: http({
        url: "http://127.0.0.1:9/records",
        messages: ["inventory.availability"],
        write: "absolute",
      }),
    },
    ownership: { inventory: { owner: { byLocation: { EAST: "east", WEST: "west" } } } },
    flows: [flow("availability", "Availability").domain("inventory").to("portal")],
    allocation: { prefer: ["EAST", "WEST"] },
  });
  return resolveIntegration(declared, {}).integration;
}

export interface TestGatewayOptions {
  integration?: Integration;
  limits?: Partial<GatewayLimits>;
  /** The address at which the node finds the database. */
  through?(url: string): Promise<string>;
}

export async function testGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const database = await testDatabase();
  const running = await startCrossdock({
    integration: options.integration ?? testIntegration(),
    databaseUrl: (await options.through?.(database.url)) ?? database.url,
    port: 0,
    log: pino({ level: process.env.TEST_LOG ?? "silent" }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const newKey = async (name: string, wanted: readonly Scope[], system?: string) =>
    (await createApiKey(database.db, { name, scopes: wanted, ...(system === undefined ? {} : { system }) }))
      .secret;
  const key = await newKey("all", scopes);
  return {
    running,
    database,
    key,
    newKey,
    send: (request) => send(running.port, key, request),
    async stop() {
      await running.stop();
      await database.drop();
    },
  };
}

function send(port: number, key: string, options: SendOptions): Promise<Received> {
  const raw = typeof options.body === "string" || Buffer.isBuffer(options.body);
  const body =
    options.body === undefined
      ? undefined
      : raw
        ? (options.body as string | Buffer)
        : JSON.stringify(options.body);
  const headers: Record<string, string> = {
    ...(options.key === null ? {} : { authorization: `Bearer ${options.key ?? key}` }),
    ...(body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
  };
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  const method = options.method ?? (body === undefined ? "GET" : "POST");
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { port, host: "127.0.0.1", method, path: options.path, headers, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const isJson = text !== "" && /json/.test(String(answer.headers["content-type"]));
          resolve({
            status: answer.statusCode!,
            headers: answer.headers,
            text,
            json: isJson ? JSON.parse(text) : undefined,
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
