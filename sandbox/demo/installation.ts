// Crossdock itself, as a user runs it: `crossdock start` in a process of its own, with a key for the demo.
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { CrossdockError } from "../../src/core/errors.ts";
import { endChild, killChild, type RunningChild, startChild } from "./child.ts";
import type { Distributor } from "./distributor.ts";
import { crossdockCommand, demoConfig } from "./program.ts";

const STOP_MS = 40_000;
/** A node that was killed is back within seconds. */
const AWAY_MAX_MS = 60_000;

export class Installation {
  private readonly environment: NodeJS.ProcessEnv;
  private readonly home: string;
  private readonly logFile: string;
  private child: RunningChild | undefined;
  private restarting: Promise<void> = Promise.resolve();
  private port = 0;
  key = "";

  constructor(distributor: Distributor, home: string, logFile: string) {
    this.home = home;
    this.logFile = logFile;
    this.environment = environmentOf(distributor);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const args = [
      ...crossdockCommand,
      "start",
      "--config",
      demoConfig,
      "--home",
      this.home,
      "--port",
      String(this.port),
      "--json",
    ];
    this.child = await startChild({
      name: "crossdock start",
      args,
      env: this.environment,
      logFile: this.logFile,
    });
    this.port = Number(new URL(this.child.announced.url as string).port);
    if (this.key === "") this.key = await this.makeKey();
  }

  /** Ends the node and its server in order; a restart that is under way comes up first. */
  async stop(): Promise<void> {
    await this.restarting;
    if (this.child !== undefined) await endChild(this.child, STOP_MS);
    this.child = undefined;
  }

  /** SIGKILL, and a start again: nothing acknowledged is lost. */
  async killAndRestart(): Promise<void> {
    const child = this.child!;
    const restarting = killChild(child).then(() => this.start());
    // Whoever stops waits for it, however it ends; its failure is told to who asked for it.
    this.restarting = restarting.catch(() => undefined);
    await restarting;
  }

  /** Undefined where there is none, or where the node is just being started again. */
  async find<Answer>(path: string): Promise<Answer | undefined> {
    const answer = await this.attempt("GET", path);
    return answer?.ok === true ? ((await answer.json()) as Answer) : undefined;
  }

  /** Waits while the node is being started again. */
  async ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const until = performance.now() + AWAY_MAX_MS;
    for (;;) {
      const answer = await this.attempt(method, path, body);
      if (answer !== undefined && answer.status !== 503) {
        const text = await answer.text();
        if (answer.ok) return JSON.parse(text) as Answer;
        const said = `${method} ${path} answered ${answer.status}: ${text.slice(0, 300)}`;
        throw new CrossdockError("demo.crossdock-refused", said);
      }
      if (performance.now() > until) {
        throw new CrossdockError(
          "demo.crossdock-away",
          `Crossdock does not answer ${method} ${path}; its log is ${this.logFile}.`,
        );
      }
      await sleep(200);
    }
  }

  /** Undefined where nobody listens, or the connection broke. */
  private async attempt(method: string, path: string, body?: unknown): Promise<Response | undefined> {
    try {
      return await fetch(`${this.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  private async makeKey(): Promise<string> {
    const args = [
      ...crossdockCommand,
      "key",
      "create",
      "demo",
      "--home",
      this.home,
      "--config",
      demoConfig,
      "--json",
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, ...this.environment },
    });
    return (JSON.parse(stdout) as { key: string }).key;
  }
}

/** What sandbox/crossdock.config.ts reads: addresses and credentials of the systems. */
function environmentOf({ systems, credentials }: Distributor): NodeJS.ProcessEnv {
  return {
    ERP_URL: systems.erp.url,
    ERP_KEY: credentials.erp.apiKey,
    CRM_URL: systems.crm.url,
    CRM_CLIENT: credentials.crm.clientId,
    CRM_SECRET: credentials.crm.clientSecret,
    EAST_URL: systems.east.url,
    EAST_TOKEN: credentials.east.token,
    EAST_WEBHOOK_SECRET: credentials.east.webhookSecret,
    WEST_FOLDER: systems.west.folder ?? "",
    PARTNER_URL: systems.partner.url,
    PARTNER_KEY: credentials.partner.apiKey,
    PORTAL_URL: systems.portal.url,
    PORTAL_TOKEN: credentials.portal.token,
    PORTAL_WEBHOOK_TOKEN: credentials.portal.webhookToken,
  };
}
