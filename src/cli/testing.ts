// For tests: commands run in a process of plain Node, several at once, one process a test file.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Ran } from "./testing-process.ts";

export class CommandProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve(ran: Ran): void; reject(error: Error): void }>();
  private asked = 0;

  constructor() {
    this.child = fork(fileURLToPath(new URL("./testing-process.ts", import.meta.url)), { execArgv: [] });
    this.child.on("message", (ran: Ran) => {
      this.waiting.get(ran.id)?.resolve(ran);
      this.waiting.delete(ran.id);
    });
    this.child.on("exit", (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`the process ended with ${code}`));
    });
  }

  run(cwd: string, args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, cwd, args, environment });
    });
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.disconnect();
    await ended;
  }
}
