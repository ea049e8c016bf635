// The command line: every command, its options and its help. Runs one command and says how it ended. What a command
// needs is loaded when it runs, so that help and mistakes are answered at once.
import { Command, CommanderError, Option } from "commander";
import { scopes } from "../engine/operations/scopes.ts";
import { DEFAULT_HOST, DEFAULT_PORT } from "../gateway/address.ts";
import { VERSION } from "../package-root.ts";
import { codeTables } from "../policy/codes.ts";
import type { CommandContext } from "./context.ts";
import { type Failure, failureOf, failureText, USAGE_EXIT } from "./failure.ts";
import { levels } from "./log-levels.ts";

/** Resolves with the exit code; whatever fails has been said by then. */
export async function runProgram(args: readonly string[], context: CommandContext): Promise<number> {
  const ended: Ended = { code: 0, help: "" };
  const program = buildProgram(context, ended);
  try {
    // A bare `crossdock` is a question.
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: "user" });
    return ended.code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError && error.code === "commander.help") {
      // A command that is only a heading was called by itself.
      context.stderr.write(ended.help);
      return USAGE_EXIT;
    }
    const failure = failureOf(error, context.cwd);
    report(failure, args.includes("--json"), context);
    return failure.exitCode;
  }
}

function report(failure: Failure, json: boolean, { stdout, stderr }: CommandContext): void {
  const { exitCode: _exitCode, ...error } = failure;
  if (json) stdout.write(`${JSON.stringify({ error })}\n`);
  else stderr.write(`${failureText(failure)}\n`);
}

interface Ended {
  code: number;
  /** Help that was asked for by mistake. */
  help: string;
}

function buildProgram(context: CommandContext, ended: Ended): Command {
  const program = new Command("crossdock")
    .description(
      "The integration layer of a distributor: stock promised once, orders to the invoice, books that balance.",
    )
    .version(VERSION, "--version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      // Errors are said once, by whoever catches them.
      writeErr: (text) => {
        ended.help = text;
      },
    })
    .showHelpAfterError(false)
    .helpCommand(false);
  addRunning(program, context, ended);
  addLooking(program, context);
  addActing(program, context, ended);
  addCodes(program, context);
  addBuilding(program, context);
  addPrograms(program, ended);
  return program;
}

/** Options that every command of an installation takes. */
function installation(command: Command): Command {
  return command
    .option("--config <file>", "the configuration (default: crossdock.config.ts here)")
    .option("--home <folder>", "where data is kept (default: .crossdock beside the configuration)")
    .option("--json", "print one JSON document")
    .addOption(new Option("--log-level <level>", "what is logged to standard error").choices(levels));
}

function addRunning(program: Command, context: CommandContext, ended: Ended): void {
  installation(program.command("init"))
    .description("write a configuration that starts as it is, and make the first API key")
    .option("--no-key", "make no API key")
    .action(async (flags) => (await import("./commands/init.ts")).runInit(context, flags));
  installation(program.command("check"))
    .description("prove the configuration; exit code 1 if it does not hold")
    .action(async (flags) => {
      ended.code = await (await import("./commands/check.ts")).runCheck(context, flags);
    });
  installation(program.command("start"))
    .description("run the node and its gateway until a signal ends it")
    .option("--port <port>", `where the gateway listens (default: ${DEFAULT_PORT}, or CROSSDOCK_PORT)`)
    .option("--host <host>", `on which address (default: ${DEFAULT_HOST}, or CROSSDOCK_HOST)`)
    .action(async (flags) => (await import("./commands/start.ts")).runStart(context, flags));
}

function addLooking(program: Command, context: CommandContext): void {
  installation(program.command("status"))
    .description("how every system stands, how far the log is applied, what is open")
    .action(async (flags) => (await import("./commands/status.ts")).runStatus(context, flags));
  installation(program.command("trace"))
    .description("everything about one order, SKU, delivery, message or document")
    .argument("<what>", "an order number, a SKU, a delivery's id, a message's id, a document number")
    .option("--company <company>", "the company that the number belongs to")
    .option("--full", "with the data of every event and delivery")
    .action(async (what, flags) => (await import("./commands/trace.ts")).runTrace(context, what, flags));
  installation(program.command("exceptions"))
    .description("the worklist: open problems, newest first")
    .option("--all", "solved ones too")
    .option("--category <category>", "such as business-rule or source-data")
    .option("--code <code>", "such as inventory.shortfall")
    .option("--system <system>", "about one system")
    .option("--owner <owner>", "of one owner")
    .option("--key <key>", "of one key, such as order:main/4711")
    .option("--limit <count>", "how many (default: 50)")
    .action(async (flags) => (await import("./commands/exceptions.ts")).runExceptions(context, flags));
  const deliveries = installation(program.command("deliveries"))
    .description("messages on their way into systems, and what became of them")
    .option("--target <system>", "to one system")
    .option("--state <state>", "waiting, parked, behind, referring, delivered, merged or skipped")
    .option("--lane <key>", "of one lane, such as order:main/4711")
    .option("--limit <count>", "how many (default: 50)")
    .action(async (flags) => (await import("./commands/deliveries.ts")).runDeliveries(context, flags));
  installation(deliveries.command("show"))
    .description("one delivery, its payload and its attempts")
    .argument("<id>", "the delivery's id")
    .action(async (id, _flags, command) =>
      (await import("./commands/deliveries.ts")).runShowDelivery(context, id, command.optsWithGlobals()),
    );
  installation(deliveries.command("retry"))
    .description("send a parked delivery again")
    .argument("<id>", "the delivery's id")
    .action(async (id, _flags, command) =>
      (await import("./commands/deliveries.ts")).runRetry(context, id, command.optsWithGlobals()),
    );
  installation(deliveries.command("skip"))
    .description("give a parked delivery up; what waits behind it goes on")
    .argument("<id>", "the delivery's id")
    .requiredOption("--reason <text>", "why; it is kept")
    .action(async (id, _flags, command) =>
      (await import("./commands/deliveries.ts")).runSkip(context, id, command.optsWithGlobals()),
    );
}

function addActing(program: Command, context: CommandContext, ended: Ended): void {
  installation(program.command("replay"))
    .description(
      "send again what a system should hold, or what is held back; only shown unless --execute is said",
    )
    .option("--target <system>", "what this system is sent is sent again")
    .option("--exception <id>", "what this exception holds back is tried again")
    .option("--source <system>", "what of this system could not be mapped is mapped again")
    .option("--domain <domain>", "of one domain: inventory, order, return or customer")
    .option("--lane <key>", "of one lane, such as order:main/4711")
    .option("--key <key>", "of one message key, as crossdock deliveries shows it")
    .option("--from <time>", "delivered or received since, RFC 3339 or a date")
    .option("--to <time>", "delivered or received before")
    .option("--execute", "do it")
    .action(async (flags) => (await import("./commands/replay.ts")).runReplay(context, flags));
  installation(program.command("balance"))
    .description(
      "draw up the books, from the systems themselves where they can be read; exit code 1 if they do not balance",
    )
    .option("--date <date>", "of one day (default: everything so far)")
    .option("--without-systems", "from Crossdock's own records alone")
    .action(async (flags) => {
      ended.code = await (await import("./commands/balance.ts")).runBalance(context, flags);
    });
  const key = program.command("key").description("API keys: make, list, revoke");
  installation(key.command("create"))
    .description("make an API key; its secret is shown once")
    .argument("<name>", "what it is called in logs")
    .option("--scope <scopes...>", `${scopes.join(", ")} (default: all; with --system: system:write)`)
    .option("--system <system>", "the one system that it speaks for")
    .action(async (name, flags) => (await import("./commands/keys.ts")).runCreateKey(context, name, flags));
  installation(key.command("list"))
    .description("list API keys, revoked ones too")
    .action(async (flags) => (await import("./commands/keys.ts")).runListKeys(context, flags));
  installation(key.command("revoke"))
    .description("revoke an API key; its name is never used again")
    .argument("<name>", "the key's name")
    .action(async (name, flags) => (await import("./commands/keys.ts")).runRevokeKey(context, name, flags));
}

function addCodes(program: Command, context: CommandContext): void {
  const commands = () => import("./commands/codes.ts");
  const codes = program.command("codes").description("what systems' codes mean: carriers, reasons, units, …");
  const filtered = (command: Command) =>
    installation(command)
      .option("--system <system>", "of one system")
      .option("--table <table>", `of one table: ${codeTables.join(", ")}`);
  filtered(codes.command("list"))
    .description("every code that has a meaning")
    .option("--limit <count>", "how many (default: 200)")
    .action(async (flags) => (await commands()).runListCodes(context, flags));
  filtered(codes.command("history"))
    .description("who changed what, newest first")
    .option("--limit <count>", "how many at least (default: 50)")
    .action(async (flags) => (await commands()).runCodeHistory(context, flags));
  installation(codes.command("set"))
    .description("say what a system's code means, and that ours is sent as it")
    .argument("<system>", "whose code it is")
    .argument("<table>", codeTables.join(", "))
    .argument("<native>", "the system's code")
    .argument("<canonical>", "ours")
    .option("--direction <direction>", "in, out or both (default: both)")
    .action(async (system, of, native, canonical, flags) =>
      (await commands()).runSetCode(context, [system, of, native, canonical], flags),
    );
  installation(codes.command("remove"))
    .description("take a code's meaning out")
    .argument("<system>", "whose table it is")
    .argument("<table>", codeTables.join(", "))
    .argument("<code>", "what is looked up: the system's code; with --direction out, ours")
    .option("--direction <direction>", "in or out (default: in)")
    .action(async (system, of, code, flags) =>
      (await commands()).runRemoveCode(context, [system, of, code], flags),
    );
  installation(codes.command("import"))
    .description("take a file's rows in, all or none; only shown unless --execute is said")
    .argument("<file>", "CSV with the columns system, table, native, canonical, direction")
    .option("--execute", "do it")
    .action(async (file, flags) => (await commands()).runImportCodes(context, file, flags));
  filtered(codes.command("export"))
    .description("write them as the file that import takes")
    .argument("[file]", "where to (default: standard output)")
    .action(async (file, flags) => (await commands()).runExportCodes(context, file, flags));
}

function addBuilding(program: Command, context: CommandContext): void {
  const fresh = program.command("new").description("what others build on: a connector of one's own");
  fresh
    .command("connector")
    .description("a connector that works, a system to try it on, and its proofs")
    .argument("<name>", "the product's name, such as acme-wms")
    .option("--folder <folder>", "where connectors are kept (default: connectors)")
    .option("--json", "print one JSON document")
    .action(async (name, flags) =>
      (await import("./commands/new-connector.ts")).runNewConnector(context, name, flags),
    );
}

/** They read their own options. */
function addPrograms(program: Command, ended: Ended): void {
  program
    .command("demo")
    .description("play real orders through a simulated distributor, and draw up its books; --help says more")
    .helpOption(false)
    .argument("[options...]")
    .allowUnknownOption()
    .action(async (args: string[]) => {
      ended.code = await (await import("./commands/dispatch.ts")).runDemo(args);
    });
  program
    .command("bench")
    .description("measure this machine: rates and latencies, with their spread")
    .usage("[workload...] [--rounds N] [--seconds N] [--json]")
    .addHelpText(
      "after",
      `
  --rounds N      interleaved rounds
  --seconds N     seconds of each workload in a round
  --json          print one JSON document`,
    )
    .argument("[options...]")
    .allowUnknownOption()
    .action(async (args: string[]) => {
      ended.code = await (await import("./commands/dispatch.ts")).runBench(args);
    });
}
