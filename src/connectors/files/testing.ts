// What the tests of this connector share: a session over a folder, and a clock that they turn.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import type { ConnectorSession, MappedEvent, Mapping, NativeMessage } from "../../connector/index.ts";
import { resolveSettings } from "../../connector/resolve.ts";
import { addMs } from "../../core/time.ts";
import { files } from "./index.ts";

export type Input = Parameters<typeof files>[0];
type Inbound = NonNullable<Input["inbound"]>;
export type Stream = Inbound[string];

export const stockEvent: Stream["event"] = {
  type: "inventory.level.observed",
  fields: {
    sku: { column: "SKU" },
    location: { constant: "WEST" },
    quantity: { column: "QTY" },
    observedAt: { file: "modified" },
  },
};

export const stock = (more: Partial<Stream> = {}): Stream => ({
  folder: "out",
  names: "STK_*",
  format: { kind: "csv" },
  event: stockEvent,
  settleMs: 0,
  ...more,
});

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "crossdock-files-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A folder of its own for each test of a file, with folders in it; `path` is that of the test that runs. */
export function folderForEach(...names: string[]): { readonly path: string } {
  let folder: Awaited<ReturnType<typeof temporaryFolder>> | undefined;
  beforeEach(async () => {
    folder = await temporaryFolder();
    for (const name of names) await mkdir(join(folder.path, name));
  });
  afterEach(() => folder?.remove());
  return {
    get path() {
      return folder!.path;
    },
  };
}

export const clock = {
  now: "2026-11-24T07:00:00.000000Z",
  forward(ms: number) {
    clock.now = addMs(clock.now, ms);
  },
};

export const settle = (input: Input) => resolveSettings("partner", files(input), {});

export function open(input: Input): ConnectorSession {
  return files.connector.open(settle(input).settings, {
    system: "partner",
    company: "main",
    now: () => clock.now,
    http: { request: () => Promise.reject(new Error("Files need no HTTP.")) },
    codes: noCodes,
    log: () => undefined,
  });
}

export const signal = new AbortController().signal;

/** What a stream said, as a log would keep it: each message once, each row identity once. */
export class Taken {
  cursor: string | null = null;
  readonly messages = new Map<string, NativeMessage>();
  readonly events: MappedEvent[] = [];
  readonly problems: { line: number; reason: string }[] = [];
  readonly failed: string[] = [];
  readonly ignored: string[] = [];
  private readonly ids = new Set<string>();

  /** One read, its commit and its acknowledgement; `crash` ends it before either. */
  async poll(
    session: ConnectorSession,
    name = "stock",
    crash?: "before commit" | "after commit",
  ): Promise<boolean> {
    const result = await session.polls![name]!.read(this.cursor, signal);
    if (crash === "before commit") return true;
    for (const message of result.messages) this.take(session, message);
    this.cursor = result.cursor;
    if (crash !== "after commit") await result.acknowledge?.();
    return result.more;
  }

  async all(session: ConnectorSession, name = "stock"): Promise<this> {
    while (await this.poll(session, name));
    return this;
  }

  private take(session: ConnectorSession, message: NativeMessage): void {
    const id = `${message.topic} ${message.id}`;
    const known = this.messages.get(id);
    if (known !== undefined) {
      if (!Buffer.from(known.body).equals(Buffer.from(message.body)))
        throw new Error(`${id} came with other content`);
      return;
    }
    this.messages.set(id, message);
    this.note(session.map(message, noCodes));
  }

  private note(mapping: Mapping): void {
    if ("failed" in mapping) this.failed.push(`${mapping.path ?? ""} ${mapping.failed}`.trim());
    else if ("ignored" in mapping) this.ignored.push(mapping.ignored);
    else {
      this.problems.push(...(mapping.problems ?? []));
      for (const event of mapping.events) {
        if (event.id !== undefined && this.ids.has(event.id)) continue;
        if (event.id !== undefined) this.ids.add(event.id);
        this.events.push(event);
      }
    }
  }
}
