import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestGateway, testGateway } from "./testing.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(() => gateway.stop());

const PATH = "/system/v1/east/events";
let made = 0;
const event = (change: Record<string, unknown> = {}, data: Record<string, unknown> = {}) => ({
  specversion: "1.0",
  id: `e-${++made}`,
  source: "/anything",
  type: "inventory.level.observed",
  ...change,
  data: { sku: "A", location: "EAST", quantity: "1", observedAt: "2026-11-24T07:00:00Z", ...data },
});
const post = (body: unknown, type = "application/json") =>
  gateway.send({ path: PATH, body, headers: { "content-type": type } });
const stored = async (where = "true") => {
  const { rows } = await gateway.database.db.query<{ count: string }>(
    `select count(*) as count from event where ${where}`,
  );
  return Number(rows[0]!.count);
};
const intake = async () => {
  const { rows } = await gateway.database.db.query<Record<string, string>>(
    "select sum(received) received, sum(recorded) recorded, sum(duplicate) duplicate, sum(conflict) conflict, sum(rejected) rejected from intake",
  );
  return Object.fromEntries(Object.entries(rows[0]!).map(([name, value]) => [name, Number(value ?? 0)]));
};

describe("one event", () => {
  it("is in the log when it is answered, under each of its media types", async () => {
    for (const type of [
      "application/json",
      "application/cloudevents+json",
      "application/cloudevents+json; charset=UTF-8",
      "Application/JSON",
    ]) {
      const one = event();
      const { status, json } = await post(one, type);
      expect(status).toBe(200);
      expect(json).toEqual({ id: one.id, outcome: "recorded", seq: expect.any(Number) });
      expect(await stored(`seq = ${json.seq} and source = 'east'`)).toBe(1);
    }
  });

  it("sent again is a duplicate, whatever the order of its keys; with other content a conflict", async () => {
    const one = event();
    expect((await post(one)).json.outcome).toBe("recorded");
    const { data, ...rest } = one;
    const turned = { data: Object.fromEntries(Object.entries(data).reverse()), ...rest };
    const again = await post(turned);
    expect([again.status, again.json]).toEqual([200, { id: one.id, outcome: "duplicate" }]);
    const other = await post({ ...one, data: { ...data, quantity: "2" } });
    expect(other.status).toBe(409);
    expect(other.json).toMatchObject({
      code: "event.conflict",
      outcome: "conflict",
      id: one.id,
      errors: [{ path: "$.id" }],
    });
  });

  it("may carry an id that another system has used", async () => {
    const one = event();
    expect((await post(one)).json.outcome).toBe("recorded");
    const west = await gateway.send({ path: "/system/v1/west/events", body: one });
    expect(west.json.outcome).toBe("recorded");
  });

  it("that does not fit is told where, and is kept", async () => {
    const before = await intake();
    const cases: [object, string][] = [
      [event({}, { quantity: 1 }), "$.data.quantity"],
      [event({}, { observedAt: "yesterday" }), "$.data.observedAt"],
      [event({}, { colour: "red" }), "$.data.colour"],
      [event({ specversion: "0.3" }), "$.specversion"],
      [event({ id: "" }), "$.id"],
      [event({ id: 7 }), "$.id"],
      [event({ id: "a\u0000b" }), "$.id"],
      [event({ id: "\ud800" }), "$.id"],
      [event({ id: "x".repeat(513) }), "$.id"],
      [event({ source: undefined }), "$.source"],
      [event({ type: undefined }), "$.type"],
      [event({ type: "inventory.level.observd" }), "$.type"],
      [event({ type: "constructor" }), "$.type"],
      [event({ time: "2026-02-30T00:00:00Z" }), "$.time"],
      [event({ correlationid: 5 }), "$.correlationid"],
      [event({ datacontenttype: "application/xml" }), "$.datacontenttype"],
      [{ ...event(), data: undefined, data_base64: "e30=" }, "$.data_base64"],
      [{ ...event(), data: undefined }, "$.data"],
      [{ ...event(), data: "text" }, "$.data"],
    ];
    for (const [body, path] of cases) {
      const { status, json } = await post(body);
      expect([status, json.outcome, json.errors?.[0]?.path], JSON.stringify(body)).toEqual([
        422,
        "rejected",
        path,
      ]);
    }
    expect((await post(event({ type: "inventory.level.observd" }))).json.detail).toContain(
      'Did you mean "inventory.level.observed"?',
    );
    const after = await intake();
    expect(after.rejected! - before.rejected!).toBe(cases.length + 1);
    const { rows } = await gateway.database.db.query<{ count: string }>(
      "select count(*) as count from refused_event where outcome = 'rejected'",
    );
    expect(Number(rows[0]!.count)).toBeGreaterThanOrEqual(cases.length);
  });

  it("that only Crossdock says is accepted from nobody", async () => {
    const decision = {
      type: "order.accepted",
      data: { orderId: "1", acceptedAt: "2026-11-24T07:00:00Z", unit: "EA", lines: [] },
    };
    const { status, json } = await post({ ...event(), ...decision });
    expect([status, json.code, json.errors[0].path]).toEqual([422, "event.not-accepted", "$.type"]);
  });

  it("happened when its data or its envelope says, and where neither does when it was heard of", async () => {
    const hold = { type: "order.hold.released", data: { orderId: "none", by: "service" } };
    const told = await post({ ...event({ time: "2026-11-24T08:00:00+01:00" }), ...hold });
    expect(await stored(`seq = ${told.json.seq} and occurred_at = '2026-11-24T07:00:00Z'`)).toBe(1);
    const heard = await post({ ...event(), ...hold });
    expect(
      await stored(`seq = ${heard.json.seq} and abs(extract(epoch from occurred_at - recorded_at)) < 60`),
    ).toBe(1);
    const both = await post(event({ time: "2026-11-24T09:00:00Z" }));
    expect(await stored(`seq = ${both.json.seq} and occurred_at = '2026-11-24T07:00:00Z'`)).toBe(1);
  });
});

describe("a batch", () => {
  it("is answered event by event, in its order; a bad one costs the others nothing", async () => {
    const known = event();
    await post(known);
    const twice = event();
    const bad = event({}, { quantity: "many" });
    const batch = [
      event(),
      bad,
      known,
      { ...known, data: { ...known.data, quantity: "9" } },
      twice,
      twice,
      { ...twice, data: { ...twice.data, quantity: "8" } },
      null,
      event(),
    ];
    const { status, json } = await post(batch, "application/cloudevents-batch+json");
    expect(status).toBe(200);
    expect(json.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      "recorded",
      "rejected",
      "duplicate",
      "conflict",
      "recorded",
      "duplicate",
      "conflict",
      "rejected",
      "recorded",
    ]);
    expect(json.results[1]).toMatchObject({
      id: bad.id,
      code: "event.invalid",
      errors: [{ path: "$.data.quantity" }],
    });
    expect(json.results[7]).toMatchObject({ id: "", errors: [{ path: "$" }] });
  });

  it("of a thousand with one NUL byte records nine hundred and ninety-nine", async () => {
    const before = await stored();
    const batch = Array.from({ length: 1_000 }, (_, index) =>
      event({}, { sku: index === 500 ? "S\u0000" : `S-${index}` }),
    );
    const { status, json } = await post(batch);
    expect(status).toBe(200);
    const outcomes = json.results.map(({ outcome }: { outcome: string }) => outcome);
    expect(outcomes.filter((outcome: string) => outcome === "recorded")).toHaveLength(999);
    expect(json.results[500]).toMatchObject({ outcome: "rejected", errors: [{ path: "$.data.sku" }] });
    expect((await stored()) - before).toBe(999);
  });

  it("may be empty", async () => {
    const { status, json } = await post([]);
    expect([status, json]).toEqual([200, { results: [] }]);
  });

  it("keeps its order in the log", async () => {
    const { json } = await post(Array.from({ length: 200 }, () => event()));
    const seqs = json.results.map(({ seq }: { seq: number }) => seq);
    expect(seqs).toEqual(seqs.map((_: number, index: number) => seqs[0] + index));
  });
});

describe("many at once", () => {
  it("of one id: one is recorded, the rest are duplicates", async () => {
    const one = event();
    const answers = await Promise.all(Array.from({ length: 60 }, () => post(one)));
    const outcomes = answers.map(({ json }) => json.outcome);
    expect(outcomes.filter((outcome) => outcome === "recorded")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "duplicate")).toHaveLength(59);
  });

  it("are all counted: received = recorded + duplicate + conflict + rejected", async () => {
    const before = await intake();
    const logged = await stored();
    const pool = Array.from({ length: 40 }, () => event());
    const sent = Array.from({ length: 300 }, (_, index) => {
      const one = pool[index % pool.length]!;
      if (index % 7 === 3) return { ...one, data: { ...one.data, quantity: String(100 + index) } };
      if (index % 11 === 5) return { ...one, data: {} };
      return one;
    });
    const answers = await Promise.all(sent.map((one) => post(one)));
    const counted = Object.groupBy(answers, ({ json }) => json.outcome as string);
    const after = await intake();
    for (const outcome of ["recorded", "duplicate", "conflict", "rejected"]) {
      expect(after[outcome]! - before[outcome]!, outcome).toBe(counted[outcome]?.length ?? 0);
    }
    expect(after.received! - before.received!).toBe(300);
    expect((await stored()) - logged).toBe(counted.recorded?.length);
  });
});
