// Parcelworks' connector against the simulated 3PL, with its limit and its faults.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHttpClient } from "../../../src/connector/http-client.ts";
import {
  type ConnectorSession,
  codesOf,
  type MappedEvent,
  type NativeMessage,
  type OutboundMessage,
  timeFromEpochMs,
} from "../../../src/connector/index.ts";
import { validateEvent } from "../../../src/domains/catalogue.ts";
import { credentials } from "../../systems/credentials.ts";
import { startPartner } from "../../systems/partner/start.ts";
import type { RunningSystem } from "../../systems/simulation/running-system.ts";
import { type Call, caller, waitFor } from "../../systems/simulation/testing.ts";
import { mapMessage, parcelworks } from "./index.ts";
import { readReference, writeReference } from "./reference.ts";

let system: RunningSystem;
let call: Call;
let session: ConnectorSession;
const client = createHttpClient({ connections: 8, timeoutMs: 3_000 });
const signal = new AbortController().signal;
const limits = { timeoutMs: 3_000, signal };
const now = () => timeFromEpochMs(Date.now());

beforeAll(async () => {
  system = await startPartner();
  call = caller(system.url, { "x-api-key": credentials.partner.apiKey });
  session = open(credentials.partner.apiKey);
});
afterAll(async () => {
  await client.close();
  await system.stop();
});
beforeEach(async () => {
  await system.reset();
  await call("POST", "/control/settings", {
    pickDelayMs: 30,
    shipDelayMs: 30,
    deliverDelayMs: 30,
    waveLinesMax: 1,
    ratePerSecond: 1_000,
    burst: 1_000,
  });
  await call("POST", "/control/seed", {
    items: ["A", "B", "C"].map((sku) => ({ sku, quantity: 10, held: sku === "B" ? 2 : 0 })),
  });
});

const codes = codesOf(parcelworks.connector.codes!);
const open = (apiKey: string) =>
  parcelworks.connector.open(
    { url: system.url, apiKey, warehouse: "3PL", eventsEveryMs: 100, stockEveryMs: 1_000 },
    { system: "partner", company: "main", now, http: client, codes, log: () => {} },
  );

type Lines = [lineId: string, sku: string, quantity: string][];

function release(orderId: string, number: number, lines: Lines): OutboundMessage {
  return {
    deliveryId: "1",
    type: "order.release",
    key: `main/${orderId}@3PL#${number}`,
    attempt: 1,
    payload: {
      company: "main",
      orderId,
      location: "3PL",
      releasedAt: now(),
      customer: { id: "17850", country: "GB" },
      lines: lines.map(([lineId, sku, quantity]) => ({ lineId, sku, description: "", quantity, unit: "EA" })),
    },
  };
}

function cancellation(orderId: string, lines: Lines): OutboundMessage {
  return {
    deliveryId: "2",
    type: "order.cancellation",
    key: `main/${orderId}@3PL/cancellation#1`,
    attempt: 1,
    payload: {
      company: "main",
      orderId,
      location: "3PL",
      document: "",
      reason: "",
      lines: lines.map(([lineId, sku, quantity]) => ({ lineId, sku, quantity })),
    },
  };
}

const send = async (message: OutboundMessage) =>
  (await session.writers[message.type]!.send([message], limits))[0]!;
const factsOf = (answer: { kind: string }) => (answer as { facts?: MappedEvent[] }).facts ?? [];
const fulfilments = async () => (await call("GET", "/v2/fulfilments")).body.fulfilments;

async function pollEvents(): Promise<NativeMessage[]> {
  const messages: NativeMessage[] = [];
  for (let cursor: string | null = null, more = true; more; ) {
    const result = await session.polls!.events!.read(cursor, signal);
    messages.push(...result.messages);
    cursor = result.cursor;
    more = result.more;
  }
  return messages;
}

function map(messages: NativeMessage[]): MappedEvent[] {
  return messages.flatMap((message) => {
    const mapping = session.map(message, codes);
    if ("failed" in mapping) throw new Error(mapping.failed);
    const events = "events" in mapping ? mapping.events : [];
    for (const event of events) expect(validateEvent(event.type, event.data)).toEqual([]);
    return events;
  });
}

const until = (type: string, times = 1) =>
  waitFor(`${times} ${type}`, async () => {
    const events = map(await pollEvents()).filter((event) => event.type === type);
    return events.length >= times ? events.map(({ data }) => data) : undefined;
  });

describe("releases", () => {
  it("are one fulfilment, however often they are sent, and confirmed once as of their receipt", async () => {
    system.faults.set({ kind: "timeoutAfterEffect", ms: 200 });
    const message = release("web/7%;é", 1, [["line 1", "A", "3"]]);
    expect((await send(message)).kind).toBe("unknown");
    system.faults.clear();
    system.faults.set({ kind: "malformed" });
    expect((await send(message)).kind).toBe("done");
    system.faults.clear();
    expect(await send(message)).toMatchObject({ kind: "done", reference: "web/7%25;%C3%A9-R1" });
    await send(release("web/7%;é", 2, [["line 1", "A", "1"]]));
    expect(await fulfilments()).toHaveLength(2);
    const confirmed = await until("order.release.confirmed", 2);
    const [received] = (await call("GET", "/v2/events")).body.events;
    expect(confirmed).toMatchObject([
      { orderId: "web/7%;é", location: "3PL", document: "web/7%25;%C3%A9-R1" },
      { orderId: "web/7%;é", document: "web/7%25;%C3%A9-R2" },
    ]);
    expect((confirmed[0] as { confirmedAt: string }).confirmedAt).toBe(received.at.replace("Z", "000Z"));
    expect(await until("shipment.shipped", 2)).toMatchObject([
      { orderId: "web/7%;é", lines: [{ lineId: "line 1", sku: "A", quantity: "3" }] },
      { orderId: "web/7%;é", lines: [{ lineId: "line 1", sku: "A", quantity: "1" }] },
    ]);
  });

  it("keep to its limit when it says so, and are refused as a release where it does not keep a SKU", async () => {
    await call("POST", "/control/settings", { ratePerSecond: 1, burst: 1 });
    const answers = [];
    for (let sent = 0; sent < 3; sent++) answers.push(await send(release("1", 1, [["1", "A", "1"]])));
    expect(answers.at(-1)).toMatchObject({ kind: "busy", retryAfterMs: expect.any(Number) });
    expect(await send(cancellation("1", [["1", "A", "1"]]))).toMatchObject({
      kind: "busy",
      retryAfterMs: expect.any(Number),
    });
    await expect(session.polls!.events!.read(null, signal)).rejects.toMatchObject({
      code: "parcelworks.rate-limited",
      retry: "later",
    });
    await call("POST", "/control/settings", { ratePerSecond: 1_000, burst: 1_000 });
    await waitFor("the limit", async () =>
      (await call("GET", "/v2/events")).status === 200 ? true : undefined,
    );
    const unknown = await send(release("2", 1, [["1", "Z", "1"]]));
    expect(factsOf(unknown)).toMatchObject([
      { type: "order.release.refused", data: { code: "parcelworks.skuUnknown" } },
    ]);
    expect((await send(release("1", 1, [["1", "A", "2"]]))).kind).toBe("refused");
    expect((await open("wrong").writers["order.release"]!.send([release("3", 1, [])], limits))[0]!.kind).toBe(
      "denied",
    );
  });
});

describe("cancellations", () => {
  it("give back whole fulfilments that are not in work, also where the answer was lost", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 5_000 });
    await send(release("1", 1, [["1", "A", "3"]]));
    await send(release("1", 2, [["1", "A", "2"]]));
    system.faults.set({ kind: "timeoutAfterEffect", ms: 200 });
    const asked = cancellation("1", [["1", "A", "5"]]);
    expect((await send(asked)).kind).toBe("unknown");
    system.faults.clear();
    const answer = await send({ ...asked, attempt: 2 });
    expect(factsOf(answer)).toMatchObject([
      { type: "order.cancellation.confirmed", data: { lines: [{ lineId: "1", quantity: "5" }] } },
    ]);
    expect((await fulfilments()).map((one: { status: string }) => one.status)).toEqual(["CXL", "CXL"]);
  });

  it("of a part, or in work, are refused and change nothing", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 300 });
    await send(release("1", 1, [["1", "A", "3"]]));
    const part = await send(cancellation("1", [["1", "A", "2"]]));
    await until("shipment.shipped");
    const late = await send(cancellation("1", [["1", "A", "3"]]));
    for (const answer of [part, late]) {
      expect(factsOf(answer)).toMatchObject([{ type: "order.cancellation.refused" }]);
      for (const { type, data } of factsOf(answer)) expect(validateEvent(type, data)).toEqual([]);
    }
  });
});

describe("events", () => {
  it("that come twice and out of order are one message each, in their order", async () => {
    await send(
      release("1", 1, [
        ["1", "A", "3"],
        ["2", "B", "1"],
        ["3", "C", "20"],
      ]),
    );
    await until("shipment.delivered", 3);
    const plain = await pollEvents();
    system.faults.set({ kind: "duplicateWebhooks", probability: 0.5 }, { kind: "reorderWebhooks" });
    const disturbed = await pollEvents();
    expect(disturbed).toEqual(plain);
    expect(await until("order.pick.short")).toMatchObject([
      { lines: [{ lineId: "3", sku: "C", quantity: "10" }] },
    ]);
    expect(await until("shipment.shipped", 3)).toMatchObject([
      { lines: [{ lineId: "1", quantity: "3" }] },
      { lines: [{ lineId: "2", quantity: "1" }] },
      { lines: [{ lineId: "3", quantity: "10" }] },
    ]);
  });

  it("say what was counted, came in and came back", async () => {
    const advice = {
      deliveryId: "3",
      type: "return.advice",
      key: "main/1/return/R-1@3PL",
      attempt: 1,
      payload: {
        company: "main",
        orderId: "1",
        returnId: "R-1",
        location: "3PL",
        document: "",
        reason: "",
        lines: [{ lineId: "1", sku: "A", quantity: "1" }],
      },
    } as const;
    expect((await send(advice)).kind).toBe("done");
    expect((await send(advice)).kind).toBe("done");
    await call("POST", "/control/adjust", { sku: "B", change: -1, condition: "held" });
    await call("POST", "/control/receive", {
      reference: "PO-1",
      lines: [{ line: "10", sku: "C", quantity: 7 }],
    });
    await call("POST", "/control/receive-return", { reference: "R-1-R0" });
    expect(await until("inventory.movement.recorded", 2)).toMatchObject([
      { sku: "B", quantity: "-1", status: "held", movementId: "3PL/event/1" },
      { sku: "C", quantity: "7", reason: "receipt", inbound: { document: "PO-1", line: "10" } },
    ]);
    expect(await until("return.received")).toMatchObject([
      { orderId: "1", returnId: "R-1", lines: [{ lineId: "1", sku: "A", quantity: "1" }] },
    ]);
  });
});

describe("full sets", () => {
  it("are net of its allocations, page by page as of its own time, with the stated total", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 5_000 });
    await send(release("1", 1, [["1", "A", "3"]]));
    const items = Array.from({ length: 600 }, (_, index) => ({ sku: `S${index}`, quantity: index }));
    await call("POST", "/control/seed", { items });
    const { messages, cursor } = await session.polls!.stock!.read(null, signal);
    const events = map(messages);
    expect(events[0]!.data).toMatchObject({ sku: "A", quantity: "7", status: "available", setId: cursor });
    expect(events.at(-1)).toMatchObject({
      type: "inventory.set.observed",
      data: { setId: cursor, count: 604 },
    });
    expect(events).toHaveLength(605);
    const pages = JSON.parse(String(messages[0]!.body));
    pages[1].items.pop();
    const cut = map([{ ...messages[0]!, body: JSON.stringify(pages) }]);
    expect(cut).toHaveLength(604);
    expect(cut.at(-1)!.data).toMatchObject({ count: 604 });
  });
});

describe("mappings", () => {
  it.each(["RCVD", "DSP", "POD", "SHRT", "INV_ADJ", "INB_RCVD", "RTN_RCVD", "stock"])(
    "of %s are as they were",
    (name) => {
      const text = readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8");
      const { message, mapping } = JSON.parse(text);
      expect(
        mapMessage({ ...message, body: JSON.stringify(message.body) }, { location: "3PL", codes }),
      ).toEqual(mapping);
    },
  );

  it("of references come back, and those of others stay as they are", () => {
    for (const orderId of ["1", "A-R1", "50%", "a!b;c", "日本"]) {
      const reference = { company: "uk", orderId, ordinal: 3 };
      expect(readReference(writeReference(reference))).toEqual(reference);
    }
    expect(readReference("50%-R1").orderId).toBe("50%-R1");
  });

  it("census names the orders of a window", async () => {
    const from = now();
    await send(release("1", 1, [["1", "A", "1"]]));
    const to = timeFromEpochMs(Date.now() + 1000);
    expect(await session.census!({ from, to })).toEqual([{ domain: "order", ids: ["1"] }]);
  });
});
