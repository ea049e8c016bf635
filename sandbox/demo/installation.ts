// Crossdock itself, as a user runs it: `crossdock start` in a process of its own, with a key for the demo.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CrossdockError } from "../../src/core/errors.ts";
import { endChild, killChild, type RunningChild, startChild } from "./child.ts";
import type { Distributor } from "./distributor.ts";
import { crossdockCommand, demoConfig } from "./program.ts";

const STOP_MS = 40_000;

export class Installation {
  private readonly environment: NodeJS.ProcessEnv;
  private readonly home: string;
  private readonly logFile: string;
  private child: RunningChild | undefined;
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

  /** Ends the node and its server in order. */
  async stop(): Promise<void> {
    if (this.child !== undefined) await endChild(this.child, STOP_MS);
    this.child = undefined;
  }

  /** SIGKILL, and a start again: nothing acknowledged is lost. */
  async killAndRestart(): Promise<void> {
    if (this.child !== undefined) await killChild(this.child);
    await this.start();
  }

  /** Undefined where there is none, or where the node is just being started again. */
  async find<Answer>(path: string): Promise<Answer | undefined> {
    try {
      const answer = await fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${this.key}` } });
      return answer.ok ? ((await answer.json()) as Answer) : undefined;
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  async ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok)
      throw new CrossdockError(
        "demo.crossdock-refused",
        `${method} ${path} answered ${answer.status}: ${text.slice(0, 300)}`,
      );
    return JSON.parse(text) as Answer;
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
