// Codes by the API of a running node: said over HTTP, followed by the node, and what was held back goes on by itself.
import { Type } from "typebox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineConnector } from "../connector/define.ts";
import { readExact } from "../connector/exact.ts";
import { resolveIntegration } from "../connector/resolve.ts";
import { defineIntegration, flow } from "../policy/define.ts";
import { type TestGateway, testGateway } from "./testing.ts";

/** By which of its carriers the shop was told to have goods brought. */
const carriers: string[] = [];

/** Tells movements with its own words for the state of stock, and takes figures with a carrier's code of its own. */
const depot = defineConnector({
  name: "depot",
  title: "Depot",
  settings: Type.Object({}),
  writes: { "inventory.availability": { kind: "absolute", bulkMax: 10 } },
  codes: { status: { A: "available" } },
  mappingRevision: 1,
  open: (_settings, context) => ({
    map(message, codes) {
      const { status, quantity } = readExact(message.body) as { status: string; quantity: string };
      const data = {
        sku: "85123A",
        location: "EAST",
        status: codes.canonical("status", status),
        movementId: message.id,
        quantity,
        reason: "receipt",
        occurredAt: "2026-11-24T10:00:00Z",
      };
      return { events: [{ type: "inventory.movement.recorded", data }] };
    },
    webhooks: {
      moved: {
        verify: () => undefined,
        split: (body) => {
          const { id } = readExact(body) as { id: string };
          return [{ topic: "moved", id, contentType: "application/json", body }];
        },
      },
    },
    writers: {
      "inventory.availability": {
        send: async (messages) =>
          messages.map(() => {
            const carrier = context.codes.native("carrier", "van");
            if (carrier === undefined) return { kind: "unmapped", table: "carrier", code: "van" };
            carriers.push(carrier);
            return { kind: "done" };
          }),
      },
    },
    health: async () => undefined,
    close: async () => undefined,
  }),
});

let gateway: TestGateway;
beforeAll(async () => {
  const declared = defineIntegration({
    systems: { east: depot({ codes: { status: { Q: "held" } } }), shop: depot({}) },
    ownership: { inventory: { owner: { byLocation: { EAST: "east" } } } },
    flows: [flow("availability", "Availability").domain("inventory").to("shop")],
  });
  gateway = await testGateway({ integration: resolveIntegration(declared, {}).integration });
});
afterAll(() => gateway.stop());

const get = async (path: string, key?: string) =>
  gateway.send({ path, ...(key === undefined ? {} : { key }) });
const post = (body: unknown, key = gateway.key) =>
  gateway.send({ method: "POST", path: "/ops/v1/codes/changes", body, key });
const moved = (id: string, status: string) => {
  const body = Buffer.from(JSON.stringify({ id, status, quantity: "3" }));
  return gateway.running.node.receiver.webhook("east", "moved", {}, body);
};
const pair = { system: "east", table: "status", native: "D", canonical: "damaged" };
const movements = async () => {
  const { rows } = await gateway.database.db.query<{ status: string }>(
    "select status from stock_movement order by seq",
  );
  return rows.map(({ status }) => status);
};

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!(await met())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("codes", () => {
  it("begin with the connector's and the configuration's", async () => {
    const { json } = await get("/ops/v1/codes?system=east&table=status");
    expect(
      json.items.map((row: Record<string, string>) => `${row.direction} ${row.code} ${row.means}`),
    ).toEqual(["in A available", "in Q held", "out available A", "out held Q"]);
    await moved("M-1", "A");
    await moved("M-2", "Q");
    await until(async () => (await movements()).length === 2);
    expect(await movements()).toEqual(["available", "held"]);
  });

  it("that are said let go on what they held back, without anybody asking for it", async () => {
    await moved("M-3", "D");
    await moved("M-4", "D");
    const worklist = await get("/ops/v1/exceptions?open=true&system=east");
    expect(worklist.json.items).toMatchObject([
      { system: "east", detail: { table: "status", code: "D", receipts: 2 } },
    ]);
    const shown = await post({ set: [pair] });
    expect(shown.json).toMatchObject({ executed: false, changes: [{ was: null, means: "damaged" }, {}] });
    expect(await movements()).toHaveLength(2);
    const steward = await gateway.newKey("steward", ["ops:write"]);
    expect((await post({ set: [pair], execute: true }, steward)).json).toMatchObject({ executed: true });
    await until(async () => (await movements()).length === 4);
    expect((await movements()).slice(2)).toEqual(["damaged", "damaged"]);
    await until(async () => (await get("/ops/v1/exceptions?open=true&system=east")).json.items.length === 0);
    const [last] = (await get("/ops/v1/codes/changes?limit=1")).json.items;
    expect(last).toMatchObject({ by: "steward", table: "status", was: null });
  });

  it("that writers lack hold deliveries back, which are sent once they are said", async () => {
    const worklist = async () => (await get("/ops/v1/exceptions?open=true&system=shop")).json.items;
    await until(async () => (await worklist()).length > 0);
    expect(await worklist()).toMatchObject([
      { code: "code.unmapped", detail: { table: "carrier", direction: "out", code: "van", orderCount: 0 } },
    ]);
    expect(carriers).toEqual([]);
    const van = { system: "shop", table: "carrier", native: "V1", canonical: "van", direction: "out" };
    expect((await post({ set: [van], execute: true })).json.changes).toHaveLength(1);
    await until(async () => carriers.length > 0 && (await worklist()).length === 0);
    expect(new Set(carriers)).toEqual(new Set(["V1"]));
    const removal = [{ system: "shop", table: "carrier", direction: "out", code: "van" }];
    await post({ remove: removal, execute: true });
  });

  it("are read page by page, and a version's changes together", async () => {
    const codes: string[] = [];
    for (let cursor = ""; ; ) {
      const { json } = await get(`/ops/v1/codes?system=east&limit=2${cursor}`);
      codes.push(...json.items.map((row: { code: string }) => row.code));
      if (json.next === undefined) break;
      cursor = `&cursor=${json.next}`;
    }
    expect(codes).toEqual(["A", "D", "Q", "available", "damaged", "held"]);
    const first = (await get("/ops/v1/codes/changes?system=east&limit=1")).json;
    expect(first.items).toHaveLength(2);
    const second = (await get(`/ops/v1/codes/changes?system=east&limit=50&cursor=${first.next}`)).json;
    expect(second.items.map((row: { by: string }) => row.by)).toEqual(Array(4).fill("configuration"));
    expect(second.next).toBeUndefined();
    const strange = Buffer.from(JSON.stringify(["codes", "{"])).toString("base64url");
    for (const path of [`/ops/v1/codes?cursor=${strange}`, `/ops/v1/codes/changes?cursor=${strange}`])
      expect((await get(path)).status).toBe(400);
  });

  it("are changed by those alone who may, and by no half of a request", async () => {
    const reader = await gateway.newKey("reader", ["ops:read"]);
    expect((await post({ set: [pair], execute: true }, reader)).status).toBe(403);
    const wrong = [
      [{ set: [{ ...pair, system: "mars" }] }, "$.set[0].system"],
      [{ set: [pair, { ...pair, native: " x" }] }, "$.set[1].native"],
      [{ set: [pair, { ...pair, canonical: "held" }] }, "$.set[1].native"],
      [
        {
          set: [
            { ...pair, native: "X" },
            { ...pair, native: "Y" },
          ],
        },
        "$.set[1].canonical",
      ],
      [{ set: [{ ...pair, table: "colour" }] }, "$.set[0].table"],
    ] as const;
    const before = (await get("/ops/v1/codes/changes?limit=1")).json;
    for (const [body, path] of wrong) {
      const { status, json } = await post({ ...body, execute: true });
      expect(status).toBe(422);
      expect(json.errors[0].path).toBe(path);
    }
    expect((await get("/ops/v1/codes/changes?limit=1")).json).toEqual(before);
    const removal = [{ system: "east", table: "status", direction: "in", code: "D" }];
    const removed = await post({ remove: removal, execute: true });
    expect(removed.json.changes).toMatchObject([{ was: "damaged", means: null }]);
  });
});
