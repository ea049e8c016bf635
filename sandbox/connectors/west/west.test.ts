// WEST's connector against the simulated WEST and its real folder, with faults on.

import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noCodes } from "../../../src/connector/codes.ts";
import {
  type ConnectorSession,
  type MappedEvent,
  type NativeMessage,
  type OutboundMessage,
  timeFromEpochMs,
} from "../../../src/connector/index.ts";
import { validateEvent } from "../../../src/domains/catalogue.ts";
import type { RunningSystem } from "../../systems/simulation/running-system.ts";
import { type Call, caller, waitFor } from "../../systems/simulation/testing.ts";
import { startWest } from "../../systems/west/start.ts";
import { west } from "./index.ts";

let root: string;
let system: RunningSystem;
let call: Call;
let session: ConnectorSession;
const signal = new AbortController().signal;
const limits = { timeoutMs: 1_500, signal };
const now = () => timeFromEpochMs(Date.now());
const base = { location: "WEST", encoding: "latin1", timeZone: "Europe/London" } as const;
const http = { request: () => Promise.reject(new Error("WEST has no HTTP")) };

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "west-connector-"));
  system = await startWest({ folder: root });
  call = caller(system.url);
});
afterAll(async () => {
  await system.stop();
  rmSync(root, { recursive: true });
});
beforeEach(async () => {
  await system.reset();
  session = open();
  await settings({ scanMs: 10, exportMs: 20, pickDelayMs: 60, shipDelayMs: 40, deliverDelayMs: 40 });
  await call("POST", "/control/seed", {
    items: ["A", "B", "C"].map((sku) => ({ sku, quantity: 10, held: sku === "B" ? 2 : 0 })),
  });
});

const folder = (...parts: string[]) => join(root, "west", ...parts);
const settings = (values: Record<string, unknown>) => call("POST", "/control/settings", values);
const open = (more: { missingAfterMs?: number } = {}) =>
  west.connector.open(
    { ...base, folder: folder(), filesEveryMs: 50, settleMs: 0, missingAfterMs: 60_000, ...more },
    { system: "west", company: "main", now, http, codes: noCodes, log: () => {} },
  );

type Lines = [lineId: string, sku: string, quantity: string][];

function release(orderId: string, number: number, lines: Lines, attempt = 1): OutboundMessage {
  return {
    deliveryId: `9${orderId.length}${number}`,
    type: "order.release",
    key: `main/${orderId}@WEST#${number}`,
    attempt,
    payload: {
      company: "main",
      orderId,
      location: "WEST",
      releasedAt: now(),
      customer: { id: "17850", name: "Süß; “Łódź”", country: "GB" },
      lines: lines.map(([lineId, sku, quantity]) => ({ lineId, sku, description: "", quantity, unit: "EA" })),
    },
  };
}

function cancellation(orderId: string, lines: Lines, number = 1): OutboundMessage {
  return {
    deliveryId: "2",
    type: "order.cancellation",
    key: `main/${orderId}@WEST/cancellation#${number}`,
    attempt: 1,
    payload: {
      company: "main",
      orderId,
      location: "WEST",
      document: "",
      reason: "",
      lines: lines.map(([lineId, sku, quantity]) => ({ lineId, sku, quantity })),
    },
  };
}

const send = async (...messages: OutboundMessage[]) =>
  session.writers[messages[0]!.type]!.send(messages, limits);
const find = (message: OutboundMessage) => session.writers[message.type]!.find!(message, limits);
const factsOf = (answer: { kind: string } | undefined) => (answer as { facts?: MappedEvent[] }).facts ?? [];
const orders = async () => (await call("GET", "/query/orders")).body.orders;

async function poll(): Promise<NativeMessage[]> {
  const result = await session.polls!.files!.read(null, signal);
  await result.acknowledge!();
  return result.messages;
}

function map(messages: NativeMessage[]): MappedEvent[] {
  return messages.flatMap((message) => {
    const mapping = session.map(message, noCodes);
    const events = "events" in mapping ? mapping.events : [];
    for (const event of events) expect(validateEvent(event.type, event.data)).toEqual([]);
    return events;
  });
}

/** Everything told so far, until it holds so many of a type. */
async function until(told: MappedEvent[], type: string, times = 1): Promise<Record<string, unknown>[]> {
  const of = () =>
    told.filter((event) => event.type === type).map((event) => event.data as Record<string, unknown>);
  await waitFor(`${times} ${type}`, async () => {
    told.push(...map(await poll()));
    return of().length >= times ? true : undefined;
  });
  return of();
}

describe("releases", () => {
  it("go many to a file, each with an answer of its own, and map back", async () => {
    const answers = await send(
      release("web/7%;é", 1, [
        ["10", "A", "1"],
        ["zwei;é", "B", "2"],
      ]),
      release("2", 1, [["1", "Z", "1"]]),
      release("3", 1, [["1", "A", "1.5"]]),
      release("4", 1, [["1", "C", "20"]]),
    );
    expect(answers.map(({ kind }) => kind)).toEqual(["done", "done", "refused", "done"]);
    const told: MappedEvent[] = [];
    expect(await until(told, "order.release.confirmed", 2)).toMatchObject([
      { orderId: "web/7%;é", location: "WEST", document: "web/7%25%3B%C3%A9-R1" },
      { orderId: "4" },
    ]);
    expect(await until(told, "order.release.refused")).toMatchObject([
      { orderId: "2", code: "west.rejected", reason: "ARTICLE Z" },
    ]);
    expect(await until(told, "shipment.shipped", 2)).toMatchObject([
      {
        orderId: "web/7%;é",
        shipmentId: "LS00000001",
        carrier: "WESTHAUL",
        lines: [
          { lineId: "10", sku: "A", quantity: "1" },
          { lineId: "zwei;é", sku: "B", quantity: "2" },
        ],
      },
      { orderId: "4", lines: [{ quantity: "10" }] },
    ]);
    expect(await until(told, "order.pick.short")).toMatchObject([
      { orderId: "4", lines: [{ lineId: "1", sku: "C", quantity: "10" }] },
    ]);
    await until(told, "shipment.delivered", 2);
    expect((await orders())[0].name).toBe("Süß, ??ód??");
  });

  it("are looked for before they are sent again: one effect, however late the answer", async () => {
    system.faults.set({ kind: "timeoutAfterEffect", ms: 2_500 });
    const message = release("4711", 1, [["1", "A", "3"]]);
    expect((await send(message))[0]!.kind).toBe("unknown");
    session = open();
    expect(await find(message)).toMatchObject({ kind: "unknown" });
    await waitFor("the answer", async () => ((await find(message)).kind === "found" ? true : undefined));
    expect(await orders()).toHaveLength(1);
    // Sent again all the same, WEST calls it known.
    system.faults.clear();
    expect((await send({ ...message, attempt: 2 }))[0]!.kind).toBe("done");
    expect(await orders()).toHaveLength(1);
    expect((await find(release("4711", 2, [["1", "A", "3"]]))).kind).toBe("absent");
  });

  it("wait in the folder while WEST is down, and are not put there twice", async () => {
    system.faults.set({ kind: "down" });
    const message = release("1", 1, [["1", "A", "1"]]);
    expect((await send(message))[0]!.kind).toBe("unknown");
    expect(await find(message)).toMatchObject({
      kind: "unknown",
      reason: expect.stringContaining("waiting"),
    });
    system.faults.clear();
    await waitFor("the answer", async () => ((await find(message)).kind === "found" ? true : undefined));
    expect(await orders()).toHaveLength(1);
  });

  it("are sent again where WEST was busy, and then confirmed once", async () => {
    system.faults.set({ kind: "rowErrors" });
    const message = release("1", 1, [["1", "A", "1"]]);
    expect((await send(message))[0]!.kind).toBe("busy");
    expect((await find(message)).kind).toBe("absent");
    system.faults.clear();
    expect((await send({ ...message, attempt: 2 }))[0]!.kind).toBe("done");
    const told: MappedEvent[] = [];
    await until(told, "shipment.shipped");
    expect(told.filter(({ type }) => type.startsWith("order.release")).map(({ type }) => type)).toEqual([
      "order.release.confirmed",
    ]);
  });

  it("leave nothing behind where the folder cannot be written", async () => {
    session = west.connector.open(
      { ...base, folder: folder("nowhere"), filesEveryMs: 50, settleMs: 0 },
      { system: "west", company: "main", now, http, codes: noCodes, log: () => {} },
    );
    expect((await send(release("1", 1, [["1", "A", "1"]])))[0]!.kind).toBe("ill");
    await expect(session.health(signal)).rejects.toMatchObject({ code: "west.folder-unusable" });
  });
});

describe("a node that stops", () => {
  it("waits for no answer: the file lies there once, and is looked up later", async () => {
    // WEST looks into its folder when it is told to, and not before.
    await settings({ scanMs: 3_600_000 });
    const stopping = new AbortController();
    const message = release("stopped", 1, [["1", "A", "1"]]);
    const answered = session.writers["order.release"]!.send([message], {
      timeoutMs: 3_600_000,
      signal,
      stopping: stopping.signal,
    });
    const filesIn = () => readdirSync(folder("in")).filter((name) => name.startsWith("ORD_"));
    await expect.poll(() => filesIn().length).toBe(1);
    stopping.abort();
    expect(await answered).toMatchObject([{ kind: "unknown" }]);
    await settings({ scanMs: 10 });
    const again = open();
    const found = () => again.writers["order.release"]!.find!(message, limits);
    await expect.poll(async () => (await found()).kind, { timeout: 10_000 }).toBe("found");
  });
});

describe("cancellations", () => {
  const one: Lines = [["1", "A", "3"]];

  it("give back whole orders, once, also where the answer comes late", async () => {
    await settings({ pickDelayMs: 8_000 });
    await send(release("1", 1, one));
    await send(release("1", 2, [["2", "B", "1"]]));
    system.faults.set({ kind: "timeoutAfterEffect", ms: 2_000 });
    const asked = cancellation("1", [...one, ["2", "B", "1"]]);
    expect((await send(asked))[0]!.kind).toBe("unknown");
    session = open();
    const found = await waitFor("the answer", async () => {
      const look = await find(asked);
      return look.kind === "found" ? look : undefined;
    });
    expect(factsOf(found)).toMatchObject([
      {
        type: "order.cancellation.confirmed",
        data: {
          lines: [
            { lineId: "1", quantity: "3" },
            { lineId: "2", quantity: "1" },
          ],
        },
      },
    ]);
    expect((await orders()).map((order: { state: string }) => order.state)).toEqual([
      "cancelled",
      "cancelled",
    ]);
  });

  it("of a part, or after the pick, are refused", async () => {
    await send(release("1", 1, one));
    const part = (await send(cancellation("1", [["1", "A", "2"]])))[0];
    expect(factsOf(part)).toMatchObject([
      { type: "order.cancellation.refused", data: { lines: [{ quantity: "2" }] } },
    ]);
    await until([], "shipment.shipped");
    const late = (await send(cancellation("1", one, 2)))[0];
    expect(factsOf(late)).toMatchObject([
      { type: "order.cancellation.refused", data: { reason: "WEST: LATE PICKED" } },
    ]);
    for (const { type, data } of [...factsOf(part), ...factsOf(late)])
      expect(validateEvent(type, data)).toEqual([]);
  });

  it("do not overtake their order", async () => {
    system.faults.set({ kind: "down" });
    await send(release("1", 1, one));
    expect((await send(cancellation("1", one)))[0]!.kind).toBe("busy");
    expect(readdirSync(folder("in")).some((name) => name.startsWith("CAN"))).toBe(false);
  });
});

describe("files", () => {
  it("of adjustments, receipts and returns are told by their numbers, once though they come twice or cut", async () => {
    system.faults.set({ kind: "malformed" }, { kind: "duplicateWebhooks" });
    await call("POST", "/control/adjust", { sku: "B", change: -2, reason: "DAMAGE" });
    await call("POST", "/control/receive", {
      reference: "PO-1",
      lines: [{ line: "10", sku: "A", quantity: 7 }],
    });
    await call("POST", "/control/receive-return", {
      reference: "R-1-R0",
      lines: [{ sku: "A", quantity: 1 }],
    });
    const failed: string[] = [];
    const events: MappedEvent[] = [];
    await waitFor("nine files", async () => {
      for (const message of await poll()) {
        const mapping = session.map(message, noCodes);
        if ("failed" in mapping) failed.push(`${mapping.path}`);
        else events.push(...map([message]));
      }
      return failed.length === 3 && events.length === 6 ? true : undefined;
    });
    for (const path of failed) expect(path).toMatch(/^line \d+$/);
    const unlike = [...new Set(events.map((event) => JSON.stringify(event)))].map((text) => JSON.parse(text));
    expect(unlike.map(({ data }) => data)).toMatchObject([
      { sku: "B", quantity: "-2", reason: "adjustment", note: "DAMAGE", movementId: "WEST/row/1" },
      { sku: "A", quantity: "7", reason: "receipt", inbound: { document: "PO-1", line: "10" } },
      { orderId: "R-1", returnId: "R-1", lines: [{ lineId: "unknown", sku: "A", quantity: "1" }] },
    ]);
  });

  it("stay until they are committed, and go to done under their names", async () => {
    await call("POST", "/control/adjust", { sku: "A", change: 1 });
    const first = await waitFor("a file", async () => {
      const result = await session.polls!.files!.read(null, signal);
      return result.messages.length > 0 ? result : undefined;
    });
    const again = await session.polls!.files!.read(null, signal);
    expect(again.messages.map(({ id }) => id)).toEqual(first.messages.map(({ id }) => id));
    await first.acknowledge!();
    await again.acknowledge!();
    expect(readdirSync(folder("out"))).toEqual(["done"]);
    expect(readdirSync(folder("out", "done"))).toEqual(again.messages.map(({ id }) => id.split("/")[0]));
  });

  it("whose numbers were passed over are missing, by number, until they come", async () => {
    session = open({ missingAfterMs: 0 });
    let cursor: string | null = null;
    const read = async () => {
      const result = await session.polls!.files!.read(cursor, signal);
      await result.acknowledge!();
      cursor = result.cursor;
      return result.missing;
    };
    /** Rows 1 to 3, a file each, and a fourth. */
    const written: string[] = [];
    for (let row = 1; row <= 4; row++) {
      await call("POST", "/control/adjust", { sku: "A", change: row });
      written.push(
        await waitFor(`file ${row}`, async () =>
          readdirSync(folder("out")).find((name) => name.startsWith("ADJ") && !written.includes(name)),
        ),
      );
    }
    const away = (name: string) => renameSync(folder("out", name), join(root, name));
    for (const name of written.slice(1)) away(name);
    expect(await read()).toEqual([{ stream: "rows", numbers: "" }]);
    // The last file is there: two before it are not.
    renameSync(join(root, written[3]!), folder("out", written[3]!));
    expect(await read()).toEqual([{ stream: "rows", numbers: "2-3" }]);
    // A new session knows from the cursor alone.
    session = open({ missingAfterMs: 0 });
    expect(await read()).toEqual([{ stream: "rows", numbers: "2-3" }]);
    renameSync(join(root, written[2]!), folder("out", written[2]!));
    expect(await read()).toEqual([{ stream: "rows", numbers: "2" }]);
    renameSync(join(root, written[1]!), folder("out", written[1]!));
    expect(await read()).toEqual([{ stream: "rows", numbers: "" }]);
  });

  it("that are still being written are not read", async () => {
    session = west.connector.open(
      { ...base, folder: folder(), filesEveryMs: 50, settleMs: 80, missingAfterMs: 60_000 },
      { system: "west", company: "main", now, http, codes: noCodes, log: () => {} },
    );
    const path = folder("out", "ADJ_20261124_9999.csv");
    writeFileSync(path, "HDR;ADJ;WEST;9999;");
    const reading = session.polls!.files!.read(null, signal);
    setTimeout(() => writeFileSync(path, "HDR;ADJ;WEST;9999;2026"), 40);
    expect((await reading).messages).toEqual([]);
    rmSync(path);
  });

  it("of stock count picked goods as there", async () => {
    await settings({ shipDelayMs: 5_000 });
    await send(release("1", 1, [["1", "A", "4"]]));
    await waitFor("the pick", async () => ((await orders())[0].state === "picked" ? true : undefined));
    await call("POST", "/control/stock-set");
    const told: MappedEvent[] = [];
    const [set] = await until(told, "inventory.set.observed");
    const levels = told.filter(({ type }) => type === "inventory.level.observed").map(({ data }) => data);
    expect(levels).toMatchObject([
      { sku: "A", quantity: "10", status: "available" },
      { sku: "B", quantity: "10", status: "available" },
      { sku: "B", quantity: "2", status: "held" },
      { sku: "C", quantity: "10", status: "available" },
    ]);
    expect(set).toMatchObject({ count: 4 });
  });
});

describe("the census", () => {
  it("names the orders of a window", async () => {
    const from = now();
    await send(release("1", 1, [["1", "A", "1"]]), release("2", 1, [["1", "Z", "1"]]));
    const to = timeFromEpochMs(Date.now() + 1000);
    expect(await session.census!({ from, to })).toEqual([{ domain: "order", ids: ["1"] }]);
  });
});
