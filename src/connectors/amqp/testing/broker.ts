// A real RabbitMQ for the tests: a node of its own on free ports, whose data stay when it is killed.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { connect } from "amqplib";

// The one in /usr/sbin changes the user.
const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl";
export const rabbitMissing = existsSync(SERVER) ? undefined : "rabbitmq-server is not installed";

const EPMD = "/usr/bin/epmd";
/** Of every broker of these tests, so that a test can send something longer. */
export const MESSAGE_BYTES_MAX = 200_000;

export interface Broker {
  port: number;
  tlsPort: number;
  /** PEM of the authority that signed its certificate, which is for localhost. */
  ca: string;
  /** Runs rabbitmqctl. */
  control(...command: string[]): Promise<void>;
  /** Stops it where it stands; what it wrote stays. */
  kill(): Promise<void>;
  /** Says nothing more, and keeps its connections: a machine that hangs. */
  pause(): void;
  resume(): void;
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** Below those that the system gives to who calls: a broker that starts again finds its own free. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** A process in a group of its own, that goes with the test however it ends. */
function begin(command: string, args: string[], env: Record<string, string>, cwd: string) {
  const child: ChildProcess = spawn(command, args, {
    env,
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk) => (said += chunk));
  const over = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const slay = () => {
    if (!isOver()) process.kill(-child.pid!, "SIGKILL");
  };
  process.once("exit", slay);
  return {
    isOver,
    said: () => said,
    signal: (name: NodeJS.Signals) => void (isOver() || process.kill(-child.pid!, name)),
    async kill() {
      slay();
      await over;
      process.off("exit", slay);
    },
  };
}

async function certificate(folder: string): Promise<string> {
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const out = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  await promisify(execFile)("openssl", [...args, "-addext", "subjectAltName=DNS:localhost", ...out]);
  return readFile(join(folder, "cert.pem"), "utf8");
}

const answers = (port: number): Promise<boolean> =>
  connect(`amqp://127.0.0.1:${port}`, { timeout: 2_000 })
    .then((model) => model.close())
    .then(
      () => true,
      () => false,
    );

export async function startBroker(): Promise<Broker> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-rabbit-"));
  const [port, tlsPort, distribution, names] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const ca = await certificate(folder);
  await writeFile(join(folder, "plugins"), "[].\n");
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
    `ssl_options.certfile = ${join(folder, "cert.pem")}`,
    `ssl_options.keyfile = ${join(folder, "key.pem")}`,
    `max_message_size = ${MESSAGE_BYTES_MAX}`,
  ];
  await writeFile(join(folder, "rabbitmq.conf"), `${settings.join("\n")}\n`);
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    LC_ALL: "C.UTF-8",
    // The server itself instead of a shell that waits for it.
    RUNNING_UNDER_SYSTEMD: "true",
    ERL_EPMD_PORT: String(names),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `crossdock${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_CONF_ENV_FILE: join(folder, "none"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "plugins"),
    RABBITMQ_MNESIA_BASE: join(folder, "data"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
  };
  // Erlang's name server: without one of its own the broker would start one that outlives it.
  const nameServer = begin(EPMD, [], env, folder);
  let server: ReturnType<typeof begin> | undefined;
  const start = async () => {
    const started = begin(SERVER, [], env, folder);
    server = started;
    for (let attempt = 0; attempt < 400 && !started.isOver(); attempt++) {
      if (await answers(port)) return;
      await delay(250);
    }
    await started.kill();
    throw new Error(`RabbitMQ did not start: ${started.said()}`);
  };
  const remove = async () => {
    await server?.kill();
    await nameServer.kill();
    await rm(folder, { recursive: true, force: true });
  };
  await start().catch(async (error) => {
    await remove();
    throw error;
  });
  return {
    port,
    tlsPort,
    ca,
    start,
    async control(...command) {
      await promisify(execFile)(CONTROL, command, { env, cwd: folder });
    },
    async kill() {
      await server?.kill();
    },
    pause: () => server?.signal("SIGSTOP"),
    resume: () => server?.signal("SIGCONT"),
    remove,
  };
}
