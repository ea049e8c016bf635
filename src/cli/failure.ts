// What a command says when it fails: one sentence with the place, where there is one, and never a stack. Exit code 2
// is for what was typed, 1 for everything else.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CommanderError } from "commander";
import { CrossdockError } from "../core/errors.ts";

export const USAGE_EXIT = 2;
export const FAILURE_EXIT = 1;

/** What was typed makes no sense. */
export class UsageError extends CrossdockError {
  constructor(message: string) {
    super("cli.usage", message);
  }
}

export interface Failure {
  exitCode: number;
  code: string;
  message: string;
  /** `crossdock.config.ts:14` */
  place?: string;
}

export function failureOf(error: unknown, cwd: string): Failure {
  if (error instanceof CommanderError)
    return { exitCode: USAGE_EXIT, code: "cli.usage", message: commanderMessage(error) };
  if (error instanceof CrossdockError && error.code === "cli.usage")
    return { exitCode: USAGE_EXIT, code: error.code, message: oneLine(error.message) };
  if (error instanceof CrossdockError) {
    const place = typeof error.details.place === "string" ? shortPlace(error.details.place, cwd) : undefined;
    return {
      exitCode: FAILURE_EXIT,
      code: error.code,
      message: oneLine(error.message),
      ...(place === undefined ? {} : { place }),
    };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code === "string" && code.startsWith("ERR_PARSE_ARGS"))
    return { exitCode: USAGE_EXIT, code: "cli.usage", message: oneLine(message) };
  const said = error instanceof Error ? message : String(error);
  return {
    exitCode: FAILURE_EXIT,
    code: "command.failed",
    message: oneLine(code === undefined || said.includes(code) ? said : `${code}: ${said}`),
  };
}

export function failureText({ message, place }: Failure): string {
  return place === undefined ? message : `${place} ${message}`;
}

/** `error: unknown option '--jsn'\n(Did you mean --json?)` */
function commanderMessage(error: CommanderError): string {
  const [first = "", hint] = error.message.replace(/^error: /, "").split("\n");
  const sentence = first.charAt(0).toUpperCase() + first.slice(1);
  const ended = /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
  return hint === undefined ? `${ended} See --help.` : `${ended} ${hint.replace(/^\((.*)\)$/, "$1")}`;
}

/** `file:///home/me/shop/crossdock.config.ts:14:5` as seen from where the command runs. */
export function shortPlace(place: string, cwd: string): string {
  const match = /^(.*?)(?::(\d+))?(?::\d+)?$/.exec(place)!;
  const path = match[1]!.startsWith("file:") ? fileURLToPath(match[1]!) : match[1]!;
  const near = relative(cwd, path);
  const shown = near === "" || near.startsWith("../../") ? path : near;
  return match[2] === undefined ? shown : `${shown}:${match[2]}`;
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, " ").trim();
