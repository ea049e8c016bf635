import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Answer, OutboundType } from "../../connector/index.ts";
import { answerJson } from "../../connector/testing-server.ts";
import { type Bench, openBench, outbound, signal } from "./testing.ts";
import { booking, bookingWrite, writing } from "./testing-writes.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const call = { timeoutMs: 500, signal };
const availability = { company: "main", sku: "A", unit: "EA", quantity: "5", asOf: "" };

async function send(type: OutboundType, write: object, ...payloads: unknown[]): Promise<Answer[]> {
  const messages = payloads.map((payload, index) => outbound(type, payload, `main/${index + 1}`));
  return bench.open(writing(type, write)).writers[type]!.send(messages, call);
}
const put = {
  kind: "absolute",
  method: "PUT",
  path: "/stock/{$.sku}",
  body: { qty: { $from: "$.quantity", as: "number" } },
};
const answerWith = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  bench.server.handle((_, response) => answerJson(response, status, body, headers));

describe("one record a call", () => {
  test("path, body and number as declared; every digit is kept", async () => {
    answerWith(201, '{"number":90071992547409931}');
    const [answer] = await send("order.booking", bookingWrite, booking);
    expect(answer).toMatchObject({ kind: "done", reference: "90071992547409931" });
    expect(answer).toHaveProperty("facts.0", {
      type: "order.booked",
      data: {
        company: "main",
        orderId: "TF-1/2",
        system: "target",
        document: "90071992547409931",
        bookedAt: bench.clock.now,
      },
    });
    expect(bench.server.seen[0]!.body).toBe(
      '{"at":"2026-11-24T08:00:00","key":"main/1","lines":[{"item":"A","order":"TF-1/2","qty":123456789012345.000001,"unit":"PCE"}],' +
        '"literal":"$.not a path","ref":"TF-1/2","source":"crossdock","stamp":1795503600}',
    );
  });

  test("a business key is one segment of a path, whatever it holds", async () => {
    await send("inventory.availability", put, { ...availability, sku: "A/../B ?#%\ud800" });
    expect(bench.server.seen[0]!.url).toBe("/stock/A%2F..%2FB%20%3F%23%25%EF%BF%BD");
    const [climbing] = await send("inventory.availability", put, { ...availability, sku: ".." });
    expect(climbing).toMatchObject({ kind: "refused", code: "mapping.unfit" });
    expect(bench.server.seen).toHaveLength(1);
  });

  test("an idempotency key stays for what is sent once, and is the delivery's for a level", async () => {
    const header = { idempotencyHeader: "X-Request" };
    await send("order.status", { kind: "keyed", path: "/s", body: "$.orderId", ...header }, { orderId: "Ü" });
    await send("inventory.availability", { ...put, ...header }, availability);
    expect(bench.server.seen.map(({ headers }) => headers["x-request"])).toEqual([
      "order.status:main/1",
      "d-main/1",
    ]);
  });

  test("what the payload lacks is refused, with its path, and nothing is sent", async () => {
    const write = { ...put, body: { at: "$.asOf" } };
    expect(await send("inventory.availability", write, availability)).toEqual([
      { kind: "refused", code: "mapping.unfit", reason: '$.asOf: "" is no value, and one is required.' },
    ]);
    expect(bench.server.seen).toEqual([]);
  });
});

describe("what it says", () => {
  const rules = [
    { status: 409, field: "$.code", is: ["EXISTS"], meaning: "done" },
    { field: "$.code", is: ["LOCKED"], meaning: "busy" },
    {
      status: 422,
      field: "$.code",
      is: ["NO_ITEM"],
      meaning: "missing",
      references: [{ domain: "product", key: "$.sku" }],
    },
    { field: "$.errors", meaning: "refused" },
    { status: 500, field: "$.code", is: ["BAD"], meaning: "refused" },
  ];
  const judge = async (status: number, body: unknown, headers = {}) => {
    answerWith(status, body, headers);
    return (await send("inventory.availability", { ...put, rules, reason: "$.message" }, availability))[0]!;
  };
  test.each([
    [200, {}, { kind: "done" }],
    [200, { errors: [] }, { kind: "done" }],
    [200, { errors: ["x"], message: "no" }, { kind: "refused", reason: "HTTP 200: no" }],
    [409, { code: "EXISTS" }, { kind: "done" }],
    [409, { code: "OTHER", message: "no" }, { kind: "refused", code: "http.409", reason: "HTTP 409: no" }],
    [500, { code: "BAD" }, { kind: "refused", code: "rest.500" }],
    [500, {}, { kind: "ill" }],
    [422, { code: "NO_ITEM" }, { kind: "missing", references: [{ domain: "product", key: "main/A" }] }],
    [401, {}, { kind: "denied" }],
    [302, {}, { kind: "ill" }],
  ])("%i %j", async (status, body, expected) => {
    expect(await judge(status, body)).toMatchObject(expected);
  });

  test("Retry-After is honoured, of statuses and of rules", async () => {
    expect(await judge(429, {}, { "retry-after": "7" })).toMatchObject({ kind: "busy", retryAfterMs: 7_000 });
    const locked = await judge(200, { code: "LOCKED" }, { "retry-after": "Tue, 24 Nov 2026 07:00:09 GMT" });
    expect(locked).toMatchObject({ kind: "busy", retryAfterMs: 9_000 });
  });

  test("an accepted answer without its number, or that cannot be read, is unknown", async () => {
    for (const body of ["{}", '{"number":"', "<html>", ""]) {
      answerWith(200, body);
      expect((await send("order.booking", bookingWrite, booking))[0]).toMatchObject({ kind: "unknown" });
    }
    bench.server.handle(
      (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("log in"),
    );
    expect((await send("inventory.availability", put, availability))[0]!.kind).toBe("unknown");
  });

  test("a refused booking is a fact", async () => {
    answerWith(400, { e: 1 });
    const [answer] = await send("order.booking", bookingWrite, booking);
    expect(answer).toMatchObject({
      kind: "refused",
      facts: [{ type: "order.booking.refused", data: { system: "target", code: "http.400" } }],
    });
  });
});

describe("an outcome that nobody knows", () => {
  test("an answer that is dropped after the effect: unknown, then found, with its number", async () => {
    const orders: { ref: string; number: string }[] = [];
    bench.server.handle(({ method, url, body }, response, socket) => {
      if (method === "POST") {
        orders.push({ ref: JSON.parse(body).ref, number: "SO-1" });
        socket.resetAndDestroy();
      } else {
        const wanted = new URL(url, "http://x").searchParams.get("ref");
        answerJson(response, 200, { items: orders.filter(({ ref }) => ref === wanted) });
      }
    });
    const writer = bench.open(writing("order.booking", bookingWrite)).writers["order.booking"]!;
    const message = outbound("order.booking", booking);
    expect(await writer.find!(message, call)).toEqual({ kind: "absent" });
    expect((await writer.send([message], call))[0]!.kind).toBe("unknown");
    expect(await writer.find!(message, call)).toMatchObject({
      kind: "found",
      reference: "SO-1",
      facts: [{ type: "order.booked" }],
    });
  });

  test("no answer in time is unknown", async () => {
    bench.server.handle(() => undefined);
    const writer = bench.open(writing("inventory.availability", put)).writers["inventory.availability"]!;
    const [answer] = await writer.send([outbound("inventory.availability", availability)], {
      ...call,
      timeoutMs: 50,
    });
    expect(answer!.kind).toBe("unknown");
  });

  test.each([
    [404, {}, "absent"],
    [200, { items: [] }, "absent"],
    [200, { items: [{ ref: "OTHER", number: "SO-9" }] }, "unknown"],
    [200, { items: [{ ref: "OTHER" }, { ref: "TF-1/2", number: "SO-1" }] }, "found"],
    [200, { items: [{ ref: "TF-1/2" }] }, "found"],
    [200, { items: [{ ref: "TF-1/2", number: {} }] }, "unknown"],
    [200, {}, "unknown"],
    [200, "{", "unknown"],
    [500, {}, "unknown"],
    [401, {}, "unknown"],
  ])("a look-up that answers %i %j: %s", async (status, body, kind) => {
    answerWith(status, body);
    const writer = bench.open(writing("order.booking", bookingWrite)).writers["order.booking"]!;
    expect((await writer.find!(outbound("order.booking", booking), call)).kind).toBe(kind);
  });
});

describe("many records a call", () => {
  const bulk = (more: object = {}, rules: object[] = []) => ({
    kind: "absolute",
    path: "/stock",
    body: { sku: "$.sku", qty: "$.quantity" },
    bulk: { max: 10, under: "rows", ...more },
    rules,
  });
  const payloads = ["A", "B", "C"].map((sku) => ({ ...availability, sku }));
  const kinds = (answers: Answer[]) => answers.map(({ kind }) => kind);
  const results = { results: "$.results", match: { result: "$.sku", record: "$.sku" }, status: "$.status" };

  test("results are matched by what they have in common, whatever their order", async () => {
    answerWith(207, {
      results: [
        { sku: "C", status: 409 },
        { sku: "A", status: "200" },
      ],
    });
    const answers = await send("inventory.availability", bulk(results), ...payloads);
    expect(kinds(answers)).toEqual(["done", "unknown", "refused"]);
    expect(JSON.parse(bench.server.seen[0]!.body).rows).toHaveLength(3);
  });

  test("two results of one record, or a status that is none, say nothing that holds", async () => {
    answerWith(200, {
      results: [
        { sku: "A", status: 200 },
        { sku: "A", status: 409 },
        { sku: "B" },
        { sku: "C", status: 200 },
      ],
    });
    expect(kinds(await send("inventory.availability", bulk(results), ...payloads))).toEqual([
      "unknown",
      "unknown",
      "done",
    ]);
  });

  test("by place only where there are as many", async () => {
    const rules = [
      { field: "$.ok", is: ["true"], meaning: "done" },
      { field: "$.ok", is: ["false"], meaning: "refused" },
    ];
    const byPlace = bulk({ results: "$" }, rules);
    answerWith(200, [{ ok: true }, { ok: false }, {}]);
    expect(kinds(await send("inventory.availability", byPlace, ...payloads))).toEqual([
      "done",
      "refused",
      "unknown",
    ]);
    answerWith(200, [{ ok: true }, { ok: true }]);
    expect(kinds(await send("inventory.availability", byPlace, ...payloads))).toEqual([
      "unknown",
      "unknown",
      "unknown",
    ]);
    answerWith(200, { fine: true });
    expect(kinds(await send("inventory.availability", byPlace, ...payloads))).toEqual([
      "unknown",
      "unknown",
      "unknown",
    ]);
  });

  test("a call that is refused for one of them is made for each alone", async () => {
    bench.server.handle(({ body }, response) => answerJson(response, body.includes('"B"') ? 422 : 200, {}));
    expect(kinds(await send("inventory.availability", bulk(), ...payloads))).toEqual([
      "done",
      "refused",
      "done",
    ]);
    expect(bench.server.seen).toHaveLength(4);
  });

  test("one that cannot be put into the form is refused, and the others go", async () => {
    const [first, second] = await send(
      "inventory.availability",
      bulk(),
      { ...availability, sku: "" },
      availability,
    );
    expect([first!.kind, second!.kind]).toEqual(["refused", "done"]);
    expect(JSON.parse(bench.server.seen[0]!.body).rows).toHaveLength(1);
  });

  test("busy, ill and unknown are said of all", async () => {
    answerWith(503, {}, { "retry-after": "3" });
    const answers = await send("inventory.availability", bulk(results), ...payloads);
    expect(answers.every((answer) => answer.kind === "busy" && answer.retryAfterMs === 3_000)).toBe(true);
    bench.server.handle((_, __, socket) => void socket.resetAndDestroy());
    expect(new Set(kinds(await send("inventory.availability", bulk(), ...payloads)))).toEqual(
      new Set(["unknown"]),
    );
  });
});
