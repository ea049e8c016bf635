// For tests: a process of plain Node that runs commands as they are asked for. The tests' own runner loads modules in
// its own way, which is not how a configuration is loaded.
import { PassThrough } from "node:stream";
import { runProgram } from "./program.ts";

export interface Asked {
  id: number;
  cwd: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
}

export interface Ran {
  id: number;
  code: number;
  out: string;
  err: string;
}

process.on("message", async ({ id, cwd, args, environment }: Asked) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runProgram(args, { stdout, stderr, cwd, environment });
  const ran: Ran = { id, code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
  process.send!(ran);
});
process.on("disconnect", () => process.exit(0));
