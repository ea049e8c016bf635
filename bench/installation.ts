// What a workload runs against: Crossdock with its embedded PostgreSQL in one process, targets in another, the
// load in this one. Everything shares the machine's cores.
import { Child } from "./child.ts";

export interface InstallationOptions {
  /** What each target takes; none: no flow is configured. */
  targets: string[][];
  recordsPerCall: number;
  write: "absolute" | "lookup";
  concurrency?: number;
}

export interface Installation {
  port: number;
  headers: Record<string, string>;
  server: Child;
  targets: Child;
  stop(): Promise<void>;
}

export async function install(options: InstallationOptions): Promise<Installation> {
  const targets = new Child("./target-process.ts");
  const server = new Child("./server-process.ts");
  const ports =
    options.targets.length === 0
      ? []
      : await targets.ask<number[]>({ ask: "start", count: options.targets.length });
  const { port, key } = await server.ask<{ port: number; key: string }>({ ask: "start", ...options, ports });
  return {
    port,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    server,
    targets,
    async stop() {
      await server.ask({ ask: "stop" });
      await server.stop();
      await targets.stop();
    },
  };
}
