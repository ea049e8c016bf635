import { type ChildProcess, fork } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addMs } from "../../src/core/time.ts";
import { compileRules } from "../../src/engine/projection/rules.ts";
import {
  at,
  brokenPromises,
  Dice,
  level,
  moved,
  rebuiltDifferences,
  submission,
} from "../../src/engine/projection/testing.ts";
import { type TestDatabase, testDatabase } from "../../src/postgres/testing.ts";
import { chaosIntegration } from "./integration.ts";

const SKUS = Array.from({ length: 20 }, (_, n) => `S${n}`);
const KILLS = 5;

interface WireRecord {
  key: string;
  data: { sku?: string; quantity?: string };
}

/** A system that remembers what took effect in it, before it answers. */
class RememberingSystem {
  readonly effects: WireRecord[] = [];
  answerAfterMs = 0;
  private readonly server: Server = createServer((request, response) => {
    if (request.method !== "POST") {
      const key = decodeURIComponent(request.url!.slice(request.url!.lastIndexOf("/") + 1));
      const found = request.url!.length < 10 || this.effects.some((effect) => effect.key === key);
      response.writeHead(found ? 200 : 404, { "content-type": "application/json" }).end("{}");
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      this.effects.push(...[JSON.parse(Buffer.concat(chunks).toString("utf8"))].flat());
      setTimeout(() => response.writeHead(200).end(), this.answerAfterMs);
    });
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

interface Node {
  process: ChildProcess;
  port: number;
  key: string;
}

let database: TestDatabase;
const warehouse = new RememberingSystem();
const mirror = new RememberingSystem();
const nodes = new Set<Node>();

beforeAll(async () => {
  database = await testDatabase();
  await Promise.all([warehouse.listen(), mirror.listen()]);
});
afterAll(async () => {
  await Promise.all([...nodes].map(kill));
  await Promise.all([warehouse.close(), mirror.close()]);
  await database.drop();
});

async function startNode(): Promise<Node> {
  const child = fork(
    new URL("./node-process.ts", import.meta.url),
    [database.url, String(warehouse.port), String(mirror.port)],
    { stdio: ["ignore", "inherit", "inherit", "ipc"] },
  );
  const { port, key } = await new Promise<{ port: number; key: string }>((resolve, reject) => {
    child.once("message", (message) => resolve(message as { port: number; key: string }));
    child.once("exit", (code) => reject(new Error(`the node ended with ${code} while starting`)));
  });
  const node = { process: child, port, key };
  nodes.add(node);
  return node;
}

async function kill(node: Node): Promise<void> {
  nodes.delete(node);
  if (node.process.exitCode !== null || node.process.signalCode !== null) return;
  const gone = new Promise((resolve) => node.process.once("exit", resolve));
  node.process.kill("SIGKILL");
  await gone;
}

async function stop(node: Node): Promise<void> {
  nodes.delete(node);
  const gone = new Promise((resolve) => node.process.once("exit", resolve));
  node.process.send("stop");
  await gone;
}

/** Throws where there is no answer, or one that says to come again. */
async function post(node: Node, path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${node.port}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${node.key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { results: { outcome: string }[] };
  if (response.status >= 500 || response.status === 429) throw new Error(`answered ${response.status}`);
  return { status: response.status, answer };
}

const cloudEvent = (id: string, event: { type: string; data: object }) => ({
  specversion: "1.0",
  id,
  source: "east",
  ...event,
});

async function until(
  met: () => Promise<boolean> | boolean,
  what: () => string,
  withinMs: number,
): Promise<number> {
  const from = performance.now();
  while (!(await met())) {
    if (performance.now() - from > withinMs) throw new Error(`not within ${withinMs} ms: ${what()}`);
    await sleep(10);
  }
  return performance.now() - from;
}

const waiting = async () =>
  Number((await database.db.query<{ n: string }>("select count(*) as n from delivery")).rows[0]!.n);

test("killed again and again under load: nothing acknowledged is lost, and effects happen once", async () => {
  const dice = new Dice();
  console.log(`chaos seed ${dice.seed}`);
  warehouse.answerAfterMs = 15;
  let node = await startNode();
  const events = new Set<string>();
  const orders = new Map<string, string>();
  const newest = new Map<string, number>();
  let ended = false;

  await post(
    node,
    "/system/v1/east/events",
    SKUS.map((sku) => cloudEvent(`open-${sku}`, level(sku, "EAST", 500, at("08:00")))),
  );
  for (const sku of SKUS) {
    events.add(`open-${sku}`);
    newest.set(sku, 500);
  }

  /** Sends the same again until somebody answers, as a careful client does. */
  const insist = async <T>(send: (node: Node) => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await send(node);
      } catch {
        // Killed under it: whoever runs next is asked the same.
        await sleep(20);
      }
    }
  };
  const postEvents = async () => {
    for (let n = 0; !ended; n++) {
      const batch = Array.from({ length: 5 }, (_, index) => {
        const sku = dice.pick(SKUS);
        const id = `m${n}-${index}`;
        newest.set(sku, newest.get(sku)! + 1);
        events.add(id);
        return cloudEvent(id, moved(id, sku, "EAST", 1, addMs(at("09:00"), n * 10 + index)));
      });
      const { answer } = await insist((to) => post(to, "/system/v1/east/events", batch));
      expect(answer.results.every(({ outcome }) => outcome === "recorded" || outcome === "duplicate")).toBe(
        true,
      );
      await sleep(20);
    }
  };
  const postOrders = async (caller: number) => {
    for (let n = 0; !ended; n++) {
      const orderId = `o${caller}-${n}`;
      const order = submission(orderId, [[dice.pick(SKUS), 1 + dice.upTo(3)]]);
      const { status } = await insist((to) =>
        post(to, "/process/v1/orders", order, { "idempotency-key": orderId }),
      );
      expect([200, 201]).toContain(status);
      orders.set(orderId, "acknowledged");
      await sleep(25);
    }
  };
  const failures: unknown[] = [];
  const load = [postEvents(), postOrders(1)].map((one) =>
    one.catch((error: unknown) => failures.push(error)),
  );
  for (let killed = 0; killed < KILLS; killed++) {
    // Every other time it lives until it delivers: then it is killed with calls on their way.
    if (killed === 1 || killed === 3) {
      const before = warehouse.effects.length;
      await until(
        () => warehouse.effects.length > before,
        () => "the next node delivers",
        10_000,
      );
    }
    await sleep(dice.upTo(300));
    await kill(node);
    node = await startNode();
  }
  await sleep(100);
  ended = true;
  await Promise.all(load);
  expect(failures).toEqual([]);
  await until(
    async () => (await waiting()) === 0,
    () => `all is delivered, seed ${dice.seed}`,
    30_000,
  );
  const settled = async () =>
    (
      await database.db.query<{ behind: boolean }>(
        "select exists (select 1 from event e join stock_item i on e.key = 'stock:main/' || i.sku where not e.decided and e.seq > i.applied_seq) as behind",
      )
    ).rows[0]!.behind === false;
  await until(settled, () => "all is applied", 10_000);
  await until(
    async () => (await waiting()) === 0,
    () => "all is delivered",
    10_000,
  );

  const logged = await database.db.query<{ id: string; n: string }>(
    "select coalesce(data->>'movementId', 'open-' || (data->>'sku')) as id, count(*) as n from event where not decided and source = 'east' group by 1",
  );
  expect(new Map(logged.rows.map((row) => [row.id, Number(row.n)])), `seed ${dice.seed}`).toEqual(
    new Map([...events].map((id) => [id, 1])),
  );
  const stored = await database.db.query<{ order_id: string }>("select order_id from sales_order");
  expect(new Set(stored.rows.map((row) => row.order_id))).toEqual(new Set(orders.keys()));

  const releases = new Map<string, number>();
  for (const { key } of warehouse.effects) releases.set(key, (releases.get(key) ?? 0) + 1);
  expect(
    [...releases].filter(([, times]) => times !== 1),
    `seed ${dice.seed}`,
  ).toEqual([]);
  const routed = await database.db.query<{ key: string }>(
    "select key from delivery_done where type = 'order.release'",
  );
  expect(new Set(releases.keys())).toEqual(new Set(routed.rows.map((row) => row.key)));
  expect(releases.size).toBe(orders.size);

  const last = new Map(mirror.effects.map(({ data }) => [data.sku!, Number(data.quantity)]));
  expect(last, `seed ${dice.seed}`).toEqual(newest);
  expect(await brokenPromises(database.db)).toEqual([]);
  expect(
    await rebuiltDifferences(database.db, compileRules(chaosIntegration(1, 2))),
    `seed ${dice.seed}`,
  ).toEqual([]);
  await stop(node);
}, 90_000);

test("of two nodes one is killed: the other goes on with everything within five seconds", async () => {
  const [one, two] = [await startNode(), await startNode()];
  const say = async (node: Node, value: number) => {
    mirror.effects.length = 0;
    await post(
      node,
      "/system/v1/east/events",
      SKUS.map((sku) =>
        cloudEvent(`${value}-${sku}`, level(sku, "EAST", value, addMs(at("20:00"), value * 1000))),
      ),
    );
  };
  const arrived = () => {
    const last = new Map(mirror.effects.map(({ data }) => [data.sku!, Number(data.quantity)]));
    return (value: number) => SKUS.every((sku) => last.get(sku) === value);
  };
  await say(one!, 5001);
  await until(
    () => arrived()(5001),
    () => "both nodes share the work",
    10_000,
  );
  await until(
    async () =>
      Number(
        (
          await database.db.query<{ n: string }>(
            "select count(distinct owner) as n from lease where expires_at > clock_timestamp()",
          )
        ).rows[0]!.n,
      ) === 2,
    () => "both nodes own something",
    10_000,
  );
  await kill(one!);
  const killedAt = performance.now();
  await say(two!, 5002);
  await until(
    () => arrived()(5002),
    () => "the other delivers everything",
    10_000,
  );
  expect(performance.now() - killedAt).toBeLessThan(5_000);
  await stop(two!);
}, 60_000);
