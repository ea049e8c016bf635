#!/usr/bin/env node
// The program: arguments in, exit code out. Nothing else is loaded before the Node.js is known to be new enough: an
// older one would fail over the first word it does not know.
import { tooOld } from "./node-version.ts";

const { argv, stdout, stderr, env, version, platform, arch } = process;

// A reader that ends early, as `head` does, is no failure.
stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const refusal = tooOld(version, `${platform}-${arch}`);
if (refusal === undefined) {
  const { runProgram } = await import("./program.ts");
  process.exitCode = await runProgram(argv.slice(2), {
    stdout,
    stderr,
    cwd: process.cwd(),
    environment: env,
  });
} else {
  stderr.write(`${refusal}\n`);
  process.exitCode = 1;
}
