// A real RabbitMQ for the tests: a node of its own on free ports, whose data stay when it is killed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "amqplib";

// The one in /usr/sbin changes the user.
const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
export const rabbitMissing = existsSync(SERVER) ? undefined : "rabbitmq-server is not installed";

export interface Broker {
  port: number;
  kill(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startBroker(): Promise<Broker> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-rabbit-"));
  const port = await freePort();
  const distribution = await freePort();
  await writeFile(join(folder, "plugins"), "[].\n");
  await writeFile(join(folder, "rabbitmq.conf"), `listeners.tcp.1 = 127.0.0.1:${port}\n`);
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    RABBITMQ_NODENAME: `crossdock${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_CONF_ENV_FILE: join(folder, "none"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "plugins"),
    RABBITMQ_MNESIA_BASE: join(folder, "data"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
  };
  let kill = async () => {};
  const start = async () => {
    const child = spawn(SERVER, [], { env, cwd: folder, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
    const over = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    kill = async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL");
      await over;
    };
    for (let attempt = 0; attempt < 400; attempt++) {
      if (child.exitCode !== null) break;
      const isUp = await connect(`amqp://127.0.0.1:${port}`, { timeout: 2_000 })
        .then((model) => model.close())
        .then(
          () => true,
          () => false,
        );
      if (isUp) return;
      await delay(250);
    }
    await kill();
    throw new Error(`RabbitMQ did not start: ${said}`);
  };
  await start();
  return {
    port,
    start,
    kill: () => kill(),
    async remove() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
