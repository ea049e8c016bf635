// A node with its gateway in a process of its own, so that it can be killed. Told where its database and its targets
// are; says where it listens, and with which key.
import { randomUUID } from "node:crypto";
import pino from "pino";
import { createApiKey } from "../../src/engine/operations/api-key.ts";
import { startCrossdock } from "../../src/main.ts";
import { chaosIntegration } from "./integration.ts";

const [databaseUrl, warehouse, mirror] = process.argv.slice(2) as [string, string, string];

const running = await startCrossdock({
  integration: chaosIntegration(Number(warehouse), Number(mirror)),
  databaseUrl,
  port: 0,
  limits: { perCaller: { perSecond: 1_000_000, burst: 1_000_000 } },
  log: pino({ level: process.env.TEST_LOG ?? "silent" }, process.stderr),
});
const { secret } = await createApiKey(running.db, {
  name: randomUUID(),
  scopes: ["system:write", "process:write"],
});
process.on("message", async (message) => {
  if (message !== "stop") return;
  await running.stop();
  process.exit(0);
});
process.on("disconnect", () => process.exit(1));
process.send!({ port: running.port, key: secret });
