// A child process that answers questions over IPC.
import { type ChildProcess, fork } from "node:child_process";

export class Child {
  readonly process: ChildProcess;
  private readonly waiting = new Map<
    number,
    { resolve(answer: unknown): void; reject(error: Error): void }
  >();
  private nextId = 1;

  constructor(file: string, args: string[] = []) {
    this.process = fork(new URL(file, import.meta.url), args, {
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.process.on("message", ({ id, answer, error }: { id: number; answer: unknown; error?: string }) => {
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(error));
    });
    this.process.on("exit", (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${file} ended with ${code}`));
      this.waiting.clear();
    });
  }

  ask<Answer>(message: object): Promise<Answer> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.process.send({ id, message });
    });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.disconnect();
    await ended;
  }
}
