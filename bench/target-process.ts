// Targets of the benchmark, in a process of their own: plain HTTP systems that take canonical records, one or many
// a call, and remember the newest value of each key and when it came. Told what to do through IPC.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Record_ {
  id: string;
  key: string;
  data: { quantity?: string; sku?: string; location?: string; orderId?: string };
}

class Target {
  readonly newest = new Map<string, number>();
  records = 0;
  calls = 0;
  down = false;
  /** value → monotonic milliseconds of its arrival, while arrivals are watched. */
  arrivals: Map<number, number> | undefined;
  readonly ids = new Map<string, number>();
  countIds = false;

  take(records: Record_[]): void {
    this.calls += 1;
    this.records += records.length;
    const now = monotonicMs();
    for (const record of records) {
      if (this.countIds) this.ids.set(record.key, (this.ids.get(record.key) ?? 0) + 1);
      const value = Number(record.data.quantity ?? 0);
      if (value >= (this.newest.get(record.key) ?? -1)) this.newest.set(record.key, value);
      this.arrivals?.set(value, now);
    }
  }
}

const monotonicMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;

async function serve(target: Target): Promise<number> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (target.down) {
      response.writeHead(503).end();
      return;
    }
    if (request.method !== "POST") {
      response.writeHead(200, { "content-length": "0" }).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString("utf8")) as
        | Record_
        | Record_[];
      target.take(Array.isArray(body) ? body : [body]);
      response.writeHead(200, { "content-length": "0" }).end();
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const targets: Target[] = [];

type Message =
  | { ask: "start"; count: number }
  | { ask: "reset"; arrivals: boolean; countIds?: boolean }
  | { ask: "down"; target: number; down: boolean }
  | { ask: "summary" }
  | { ask: "behind"; expected: [string, number][] }
  | { ask: "arrivals" };

const answers: { [Ask in Message["ask"]]: (message: Extract<Message, { ask: Ask }>) => unknown } = {
  async start({ count }) {
    for (let index = 0; index < count; index++) targets.push(new Target());
    return Promise.all(targets.map(serve));
  },
  reset({ arrivals, countIds }) {
    for (const target of targets) {
      target.newest.clear();
      target.ids.clear();
      target.records = 0;
      target.calls = 0;
      target.arrivals = arrivals ? new Map() : undefined;
      target.countIds = countIds === true;
    }
    return null;
  },
  down({ target, down }) {
    targets[target]!.down = down;
    return null;
  },
  summary: () =>
    targets.map((target) => ({
      records: target.records,
      calls: target.calls,
      keys: target.newest.size,
      ids: target.ids.size,
      doubled: [...target.ids.values()].filter((count) => count > 1).length,
    })),
  /** How many keys do not hold their expected value, or a newer one, per target. */
  behind: ({ expected }) =>
    targets.map((target) => expected.filter(([key, value]) => (target.newest.get(key) ?? -1) < value).length),
  arrivals: () => targets.map((target) => [...(target.arrivals ?? [])]),
};

process.on("message", async ({ id, message }: { id: number; message: Message }) => {
  const answer = await (answers[message.ask] as (m: Message) => unknown)(message);
  process.send!({ id, answer });
});
process.on("disconnect", () => process.exit(0));
