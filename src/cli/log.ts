// The node's log: JSON lines where a program reads them, one short line each where a person does.
import { Writable } from "node:stream";
import pino, { type Logger } from "pino";
import type { Level } from "./log-levels.ts";

export function openLog(level: Level, stream: NodeJS.WritableStream & { isTTY?: boolean }): Logger {
  const destination = stream.isTTY ? readable(stream) : (stream as Writable);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

function readable(stream: NodeJS.WritableStream): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      stream.write(lineOf(chunk.toString("utf8")));
      done();
    },
  });
}

interface Line {
  level: string;
  time: string;
  msg?: string;
  err?: { message?: string; code?: string };
}

function lineOf(text: string): string {
  const { level, time, msg, err, ...facts } = JSON.parse(text) as Line & Record<string, unknown>;
  const shown = Object.entries(facts).map(
    ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const fault = err === undefined ? "" : `: ${err.message ?? err.code}`;
  return `${time.slice(11, 23)} ${level.padEnd(5)} ${msg ?? ""}${fault}${shown.join("")}\n`;
}
