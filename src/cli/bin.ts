#!/usr/bin/env node
// The program: arguments in, exit code out.
import { runProgram } from "./program.ts";

const { argv, stdout, stderr, env } = process;

// A reader that ends early, as `head` does, is no failure.
stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runProgram(argv.slice(2), { stdout, stderr, cwd: process.cwd(), environment: env });
