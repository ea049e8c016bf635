// The simulated systems as the demo's cast uses them: buyers, account managers, clerks and warehouse staff, each
// through the system's own API; and the control routes of whoever drives the simulation.

import { setTimeout as sleep } from "node:timers/promises";
import { CrossdockError } from "../../src/core/errors.ts";
import type { credentials } from "../systems/credentials.ts";
import type { SystemName } from "../systems/start-all.ts";
import { endChild, type RunningChild, startChild } from "./child.ts";
import { systemsProgram } from "./program.ts";

export type Credentials = typeof credentials;

export interface Fault {
  kind: string;
  probability?: number;
  ms?: number;
  from?: number;
  to?: number;
}

export class Distributor {
  readonly systems: Record<SystemName, { url: string; folder?: string }>;
  readonly credentials: Credentials;
  private readonly child: RunningChild;
  private crmToken: string | undefined;

  private constructor(child: RunningChild) {
    this.child = child;
    this.systems = child.announced.systems as Distributor["systems"];
    this.credentials = child.announced.credentials as Credentials;
  }

  static async start(folder: string, logFile: string): Promise<Distributor> {
    const args = [systemsProgram, "--folder", folder, "--end-with-stdin"];
    return new Distributor(
      await startChild({ name: "the simulated distributor", args, logFile, stdin: true }),
    );
  }

  stop(): Promise<void> {
    return endChild(this.child, 10_000);
  }

  control<Answer = unknown>(system: SystemName, path: string, body?: unknown): Promise<Answer> {
    return call<Answer>(
      `${this.systems[system].url}/control/${path}`,
      body === undefined ? "GET" : "POST",
      {},
      body,
    );
  }

  async setFaults(system: SystemName, faults: Fault[]): Promise<void> {
    await this.control(system, "faults", faults);
  }

  async clearFaults(): Promise<void> {
    for (const name of Object.keys(this.systems) as SystemName[]) {
      await call(`${this.systems[name].url}/control/faults`, "DELETE", {});
    }
  }

  erp<Answer>(method: string, path: string, body?: unknown, look?: Look<Answer>): Promise<Answer> {
    const headers = { apikey: this.credentials.erp.apiKey };
    return patiently(
      () => call<Answer>(`${this.systems.erp.url}/odata/v4/${path}`, method, headers, body),
      look,
    );
  }

  portal<Answer>(method: string, path: string, body?: unknown, look?: Look<Answer>): Promise<Answer> {
    const headers = { authorization: `Token ${this.credentials.portal.token}` };
    return patiently(
      () => call<Answer>(`${this.systems.portal.url}/api/${path}`, method, headers, body),
      look,
    );
  }

  async crm<Answer>(method: string, path: string, body?: unknown, look?: Look<Answer>): Promise<Answer> {
    return patiently(async () => {
      this.crmToken ??= await this.openCrm();
      try {
        const headers = { authorization: `Bearer ${this.crmToken}` };
        return await call<Answer>(`${this.systems.crm.url}/services/data/${path}`, method, headers, body);
      } catch (error) {
        this.crmToken = undefined;
        throw error;
      }
    }, look);
  }

  private async openCrm(): Promise<string> {
    const { clientId, clientSecret } = this.credentials.crm;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
    });
    const answer = await fetch(`${this.systems.crm.url}/oauth/token`, { method: "POST", body: form });
    return ((await answer.json()) as { access_token: string }).access_token;
  }
}

/** What a person looks for before entering something again: it may have been taken although no answer came. */
export type Look<Answer> = () => Promise<Answer | undefined>;

/** A person in front of a system that does not answer tries again; 4xx is an answer. */
async function patiently<Answer>(attempt: () => Promise<Answer>, look?: Look<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      const found = tries > 1 ? await look?.() : undefined;
      return found ?? (await attempt());
    } catch (error) {
      const refused = error instanceof CrossdockError && error.retry === "never";
      if (refused || tries >= 200) throw error;
      await sleep(100);
    }
  }
}

async function call<Answer>(
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) {
    const retry = answer.status >= 500 || answer.status === 429 || answer.status === 401 ? "later" : "never";
    throw new CrossdockError(
      "demo.system-refused",
      `${method} ${url} answered ${answer.status}: ${text.slice(0, 300)}`,
      { retry },
    );
  }
  return (text === "" ? null : JSON.parse(text)) as Answer;
}
