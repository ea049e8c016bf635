// Crossdock for the benchmark: the node, its gateway and an embedded PostgreSQL that is new each time, in a process of
// its own. Told what to do through IPC.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pino } from "pino";
import { resolveIntegration } from "../src/connector/resolve.ts";
import { http } from "../src/connectors/http/index.ts";
import { createApiKey } from "../src/engine/operations/api-key.ts";
import { type Running, startCrossdock } from "../src/main.ts";
import { defineIntegration } from "../src/policy/define.ts";
import { flow } from "../src/policy/flow.ts";
import { removeEmbedded } from "../src/postgres/embedded/start.ts";
import { fillBacklog } from "./backlog-rows.ts";
import { growIdentities, growLog } from "./growth.ts";
import { countPromises } from "./promises.ts";

interface StartMessage {
  ask: "start";
  ports: number[];
  recordsPerCall: number;
  write: "absolute" | "lookup";
  targets: string[][];
  concurrency?: number;
}

const HOME = resolve(".crossdock");
const NAMES = ["one", "two"];
let running: Running | undefined;
let home: string;

function integrationOf({ ports, recordsPerCall, write, targets, concurrency }: StartMessage) {
  const systems = Object.fromEntries(
    ports.map((port, index) => [
      NAMES[index]!,
      http({
        url: `http://127.0.0.1:${port}/`,
        bulkMax: recordsPerCall,
        envelope: "array",
        write,
        messages: targets[index] as never,
        ...(write === "lookup" ? { lookup: { path: "/records/{key}" } } : {}),
        limits: { concurrency: concurrency ?? 8 },
      }),
    ]),
  );
  const taking = (domain: string) =>
    Object.keys(systems).filter((_, index) => targets[index]!.some((type) => type.startsWith(`${domain}.`)));
  const flows = (
    [
      { id: "levels", title: "Stock levels", domain: "inventory", impact: "oversell" },
      { id: "orders", title: "Orders", domain: "order", impact: "revenue" },
    ] as const
  ).flatMap(({ id, title, domain, impact }) => {
    const names = taking(domain);
    if (names.length === 0) return [];
    return flow(id, title)
      .domain(domain)
      .to(...names)
      .pattern("event")
      .within("5s")
      .impact(impact)
      .owner("operations");
  });
  const written = defineIntegration({
    systems: { source: http({ url: "http://127.0.0.1:9/" }), ...systems },
    ownership: { inventory: { owner: { byLocation: { EAST: "source", WEST: "source" } } } },
    flows,
    allocation: { prefer: ["EAST", "WEST"] },
  });
  return resolveIntegration(written, {}).integration;
}

/** Nothing of it stays, wherever the server kept its data. */
async function remove(): Promise<void> {
  const ending = running;
  running = undefined;
  if (ending === undefined) return;
  await ending.stop();
  await removeEmbedded(home);
  rmSync(home, { recursive: true, force: true });
}

const answers: Record<string, (message: never) => unknown> = {
  async start(message: StartMessage) {
    mkdirSync(HOME, { recursive: true });
    home = mkdtempSync(join(HOME, "bench-"));
    running = await startCrossdock({
      integration: integrationOf(message),
      home,
      port: 0,
      limits: { perCaller: { perSecond: 1_000_000, burst: 1_000_000 } },
      log: pino({ level: "warn" }, process.stderr),
    });
    const { secret } = await createApiKey(running.db, {
      name: "bench",
      scopes: ["system:write", "process:write"],
    });
    return { port: running.port, key: secret };
  },
  async settled() {
    await running!.node.settled();
    return null;
  },
  memory: () => process.memoryUsage().rss,
  oversold: () => countPromises(running!.db),
  "grow-log": ({ events }: { events: number }) => growLog(running!.db, events),
  "grow-identities": ({ identities }: { identities: number }) => growIdentities(running!.db, identities),
  fill: ({ target, count }: { target: string; count: number }) => fillBacklog(running!.db, target, count),
  async stop() {
    await remove();
    return null;
  },
};

process.on("message", async ({ id, message }: { id: number; message: { ask: string } }) => {
  try {
    process.send!({ id, answer: await answers[message.ask]!(message as never) });
  } catch (error) {
    process.send!({
      id,
      answer: null,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
});
// A workload that failed has not asked for the end.
process.on("disconnect", () => void remove().finally(() => process.exit(0)));
