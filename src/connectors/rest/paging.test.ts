import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import { answerJson } from "../../connector/testing-server.ts";
import { type Bench, type Input, openBench, readOut, signal } from "./testing.ts";
import { changes, ids, serve, T, Table } from "./testing-table.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

describe("paging", () => {
  const plain = (paging: object, more: object = {}): Input =>
    changes({ since: undefined, version: "$.qty", paging, ...more });
  const three = (response: ServerResponse, from: number, more: object = {}, headers = {}) =>
    answerJson(
      response,
      200,
      { items: [0, 1, 2].map((n) => ({ id: from + n, qty: 1, at: T })), ...more },
      headers,
    );

  test("by a cursor in the body, to the page without one", async () => {
    bench.server.handle(({ url }, response) => {
      const at = new URL(url, "http://x").searchParams.get("c");
      three(response, at === null ? 1 : 4, { next: at === null ? "a b&c" : null });
    });
    const { messages } = await readOut(
      bench.open(plain({ cursor: { parameter: "c", next: "$.next" } })),
      "stock",
    );
    expect(ids(messages)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(bench.server.seen[1]!.url).toBe("/stock?c=a+b%26c");
  });

  test("by offset, twice, since offsets move", async () => {
    const table = new Table();
    for (let id = 1; id <= 7; id++) table.put(id, T);
    let calls = 0;
    // Between the first and the second page, an item on the first one goes.
    serve(bench, table, "id", () => {
      calls += 1;
      if (calls === 2) table.drop(1);
    });
    const paging = { offset: { parameter: "offset" }, size: { parameter: "size", value: 3 } };
    const { messages } = await readOut(bench.open(plain(paging)), "stock");
    expect(new Set(ids(messages))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
  });

  test("by Link header, and never to another origin", async () => {
    bench.server.handle(({ url }, response) => {
      const link = { link: `</stock?p=0>; rel="prev", </stock?p=2>; title="a, b"; rel="last next"` };
      three(response, url.endsWith("p=2") ? 4 : 1, {}, url.endsWith("p=2") ? {} : link);
    });
    const session = bench.open(plain({ link: true }));
    expect(new Set(ids((await readOut(session, "stock")).messages)).size).toBe(6);
    bench.server.handle((_, response) =>
      three(response, 1, {}, { link: '<http://127.0.0.1:1/steal>; rel="next"' }),
    );
    await expect(readOut(session, "stock")).rejects.toMatchObject({ code: "rest.foreign-link" });
  });

  test.each([
    ["a cursor that leads to itself", { cursor: { parameter: "c", next: "$.next" } }, { next: "again" }, {}],
    ["a page parameter that nobody knows", { page: { parameter: "p" } }, {}, {}],
    ["an offset that nobody knows", { offset: { parameter: "o" } }, {}, {}],
    ["a link to itself", { link: true }, {}, { link: '</stock>; rel="next"' }],
  ])("%s has an end", async (_name, paging, more, headers) => {
    bench.server.handle((_, response) => three(response, 1, more, headers));
    await expect(readOut(bench.open(plain(paging)), "stock")).rejects.toMatchObject({ code: "rest.endless" });
  });

  test("a cursor that is always another one and brings nothing new has an end", async () => {
    let n = 0;
    bench.server.handle((_, response) => {
      n += 1;
      three(response, 1, { next: `c${n}` });
    });
    const paging = { cursor: { parameter: "c", next: "$.next" } };
    await expect(readOut(bench.open(plain(paging)), "stock")).rejects.toMatchObject({ code: "rest.endless" });
    await expect(readOut(bench.open(changes({ paging })), "stock")).rejects.toMatchObject({
      code: "rest.endless",
    });
  });

  test("a cursor that brings empty pages for ever has an end", async () => {
    let n = 0;
    bench.server.handle((_, response) => {
      n += 1;
      answerJson(response, 200, { items: [], next: `c${n}` });
    });
    const paging = { cursor: { parameter: "c", next: "$.next" } };
    await expect(readOut(bench.open(plain(paging)), "stock")).rejects.toMatchObject({ code: "rest.endless" });
    await expect(readOut(bench.open(changes({ paging })), "stock")).rejects.toMatchObject({
      code: "rest.endless",
    });
  });
});

describe("answers that are none", () => {
  test.each([
    [
      "broken JSON",
      (response: ServerResponse) => answerJson(response, 200, '{"items":[{"id":1'),
      "rest.unreadable",
    ],
    ["a page of a proxy", (response: ServerResponse) => void response.end("<html>"), "rest.unreadable"],
    ["no list", (response: ServerResponse) => answerJson(response, 200, { items: {} }), "rest.unreadable"],
    ["an error", (response: ServerResponse) => answerJson(response, 500, {}), "rest.unreadable"],
    [
      "UTF-16 without a word",
      (response: ServerResponse) => void response.end(Buffer.from('{"items":[]}', "utf16le")),
      "rest.unreadable",
    ],
    ["a denial", (response: ServerResponse) => answerJson(response, 403, {}), "rest.denied"],
    ["a broken connection", (response: ServerResponse) => void response.destroy(), "http.broken-off"],
  ])("%s: the reading fails and the cursor stays", async (_name, answer, code) => {
    bench.server.handle((_, response) => answer(response));
    await expect(bench.open(changes()).polls!.stock!.read(null, signal)).rejects.toMatchObject({ code });
  });

  test("429 with Retry-After is waited for; an hour is not", async () => {
    let calls = 0;
    bench.server.handle((_, response) => {
      calls += 1;
      if (calls === 1) answerJson(response, 429, {}, { "retry-after": "0.05" });
      else answerJson(response, 200, { items: [{ id: 1, at: T, qty: 1 }] });
    });
    expect((await readOut(bench.open(changes()), "stock")).messages).toHaveLength(1);
    bench.server.handle((_, response) => answerJson(response, 429, {}, { "retry-after": "3600" }));
    await expect(readOut(bench.open(changes()), "stock")).rejects.toMatchObject({ code: "rest.busy" });
  });

  test("an item that cannot be known fails alone, with its path; the others are read", async () => {
    bench.server.handle((_, response) =>
      answerJson(response, 200, {
        items: [{ id: null, at: T, qty: 1 }, { id: 2, at: "soon", qty: 1 }, 7, { id: 4, at: T, qty: 1 }],
      }),
    );
    const session = bench.open(changes({ paging: undefined }));
    const { messages } = await readOut(session, "stock");
    expect(messages.map((message) => session.map(message, noCodes))).toEqual([
      { failed: expect.stringContaining("null"), path: "$.id" },
      { failed: expect.stringContaining("soon"), path: "$.at" },
      { failed: expect.any(String), path: "$.id" },
      { events: [expect.objectContaining({ type: "inventory.level.observed" })] },
    ]);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(4);
  });

  test("a byte order mark, and latin-1 that says so, are read", async () => {
    bench.server.handle((_, response) => {
      response.writeHead(200, { "content-type": "application/json; charset=iso-8859-1" });
      response.end(Buffer.from(JSON.stringify({ items: [{ id: "Müsli", at: T, qty: 1 }] }), "latin1"));
    });
    expect(ids((await readOut(bench.open(changes()), "stock")).messages)).toEqual(["Müsli"]);
    bench.server.handle((_, response) => void response.end('\ufeff{"items":[]}'));
    expect((await readOut(bench.open(changes()), "stock")).messages).toEqual([]);
  });

  test("latin-1 that does not say so is not believed", async () => {
    bench.server.handle(
      (_, response) =>
        void response.end(Buffer.from(JSON.stringify({ items: [{ id: "Müsli", at: T, qty: 1 }] }), "latin1")),
    );
    const session = bench.open(changes());
    const [message] = (await readOut(session, "stock")).messages;
    expect(session.map(message!, noCodes)).toEqual({
      failed: expect.stringContaining("encoding"),
      path: "$.id",
    });
  });
});
