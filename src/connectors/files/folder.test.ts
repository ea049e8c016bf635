import { readdir, readFile, rename, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import type { ConnectorSession } from "../../connector/index.ts";
import { clock, folderForEach, open, type Stream, stock, stockEvent, Taken } from "./testing.ts";

const root = folderForEach("out");

const session = (more: Partial<Stream> = {}): ConnectorSession =>
  open({ at: { transport: "folder", path: root.path }, inbound: { stock: stock(more) } });
const put = (name: string, content: string | Uint8Array) => writeFile(join(root.path, "out", name), content);
const left = async (folder = "out") =>
  (await readdir(join(root.path, folder))).filter((name) => name.includes("."));
const skus = (taken: Taken) => taken.events.map(({ data }) => (data as { sku: string }).sku);
const rows = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => `SKU-${from + index},${index}\n`).join("");

describe("a file is read when it is whole", () => {
  test("not while it grows or is touched, and once it kept still between two looks", async () => {
    const s = session({ settleMs: 2_000 });
    const taken = new Taken();
    await put("STK_1.csv", "SKU,QTY\nA,1\n");
    await taken.all(s);
    clock.forward(1_999);
    await taken.all(s);
    expect(taken.events).toEqual([]);
    await put("STK_1.csv", "SKU,QTY\nA,1\nB,2\n");
    clock.forward(1);
    await taken.all(s);
    expect(taken.events).toEqual([]);
    clock.forward(2_000);
    expect(skus(await taken.all(s))).toEqual(["A", "B"]);
    expect(await left()).toEqual([]);
    expect(await left("out/archive")).toHaveLength(1);
  });

  test("not under a name that says that it is being written", async () => {
    for (const name of ["STK_1.csv.tmp", "STK_1.csv.part", "STK_1.filepart", ".STK_1.csv", "STK_1.csv~"])
      await put(name, "SKU,QTY\nA,1\n");
    expect((await new Taken().all(session())).messages.size).toBe(0);
    await rename(join(root.path, "out/STK_1.csv.tmp"), join(root.path, "out/STK_1.csv"));
    expect(skus(await new Taken().all(session()))).toEqual(["A"]);
  });

  test("not before its marker is there, which goes with it", async () => {
    const s = session({ ready: "{stem}.ok" });
    await put("STK_1.csv", "SKU,QTY\nA,1\n");
    const taken = await new Taken().all(s);
    expect(taken.events).toEqual([]);
    await put("STK_1.ok", "");
    expect(skus(await taken.all(s))).toEqual(["A"]);
    expect(await left()).toEqual([]);
  });
});

describe("a file counts once", () => {
  test("however often the node stops before it is filed away", async () => {
    const s = session();
    await put("STK_1.csv", "SKU,QTY\nA,1\n");
    const taken = new Taken();
    await taken.poll(s, "stock", "before commit");
    await taken.poll(s, "stock", "after commit");
    expect(await left()).toEqual(["STK_1.csv"]);
    await taken.all(session());
    expect(skus(taken)).toEqual(["A"]);
    expect(await left()).toEqual([]);
  });

  test("that stays where it is, and again when it is written again", async () => {
    const s = session({ after: "keep" });
    const taken = new Taken();
    await put("STK_1.csv", "SKU,QTY\nA,1\n");
    await taken.all(s);
    await taken.all(session({ after: "keep" }));
    expect(taken.events).toHaveLength(1);
    await put("STK_1.csv", "SKU,QTY\nA,2\nB,1\n");
    expect(skus(await taken.all(s))).toEqual(["A", "A", "B"]);
  });

  test("by its name alone where that is declared, also after it was filed away", async () => {
    const s = session({ identity: "name" });
    const taken = new Taken();
    await put("STK_1.csv", "SKU,QTY\nA,1\n");
    await taken.all(s);
    await put("STK_1.csv", "SKU,QTY\nA,1\nB,2\n");
    expect(skus(await taken.all(s))).toEqual(["A"]);
    expect(await left("out/archive")).toHaveLength(2);
  });

  test("a row that says the same in two files is known by its own number", async () => {
    const event = { ...stockEvent, id: ["NO"] };
    await put("STK_1.csv", "NO,SKU,QTY\n7,A,1\n8,B,1\n");
    await put("STK_2.csv", "NO,SKU,QTY\n8,B,1\n9,C,1\n");
    expect(skus(await new Taken().all(session({ event })))).toEqual(["A", "B", "C"]);
  });

  test("a file that is written again after it was looked at is not filed away unread", async () => {
    const s = session();
    await put("STK_1.csv", "SKU,QTY\nA,1\n");
    const result = await s.polls!.stock!.read(null, new AbortController().signal);
    await put("STK_1.csv", "SKU,QTY\nB,1\nC,1\n");
    await result.acknowledge!();
    expect(await left()).toEqual(["STK_1.csv"]);
    const taken = new Taken();
    taken.cursor = result.cursor;
    expect(skus(await taken.all(s))).toEqual(["B", "C"]);
  });
});

describe("a long file", () => {
  test("is handed on in parts that each stand alone, with the lines of the file", async () => {
    await put("STK_1.csv", `SKU,QTY\n${rows(50)}bad\n${rows(50, 51)}`);
    const taken = await new Taken().all(session({ chunkBytes: 256 }));
    expect(taken.messages.size).toBeGreaterThan(3);
    for (const { body } of taken.messages.values())
      expect(Buffer.from(body).toString()).toMatch(/^SKU,QTY\n/);
    expect(skus(taken)).toEqual(Array.from({ length: 100 }, (_, index) => `SKU-${index + 1}`));
    expect(taken.problems).toEqual([{ line: 52, reason: "has 1 cells for 2 columns." }]);
  });

  test("loses and doubles no row, wherever crashes fall and whatever is written in it", async () => {
    const cell = fc.constantFrom("A", 'with "quotes"', "two\nlines", "semi;colon", "ümlaut", "x".repeat(90));
    const crash = fc.constantFrom(undefined, undefined, "before commit" as const, "after commit" as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(cell, { minLength: 1, maxLength: 40 }),
        fc.array(crash, { maxLength: 12 }),
        fc.integer({ min: 256, max: 1_000 }),
        fc.constantFrom("utf-8" as const, "utf-16le" as const, "utf-16be" as const, "latin1" as const),
        async (texts, crashes, chunkBytes, encoding) => {
          const quoted = texts
            .map((text, index) => `"${text.replaceAll('"', '""')} ${index}";1\r\n`)
            .join("");
          const text = `NAME;QTY\r\n${quoted}`;
          const bytes =
            encoding === "latin1"
              ? Buffer.from(text, "latin1")
              : Buffer.from(`\ufeff${text}`, encoding === "utf-8" ? "utf8" : "utf16le");
          await put("STK_1.csv", encoding === "utf-16be" ? bytes.swap16() : bytes);
          const event = {
            ...stockEvent,
            fields: {
              ...stockEvent.fields,
              sku: { constant: "A" },
              owner: { column: "NAME", match: "(\\d+)$" },
            },
          };
          const more = { chunkBytes, event, format: { kind: "csv", separator: ";", encoding } } as const;
          const taken = new Taken();
          for (const when of crashes) await taken.poll(session(more), "stock", when);
          await taken.all(session(more));
          expect(taken.problems).toEqual([]);
          expect(taken.events.map(({ data }) => Number((data as { owner: string }).owner))).toEqual(
            texts.map((_, index) => index),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  test("that is written again in the middle is said to be, and the new one is read whole", async () => {
    const big = `SKU,QTY\n${rows(90_000)}`;
    await put("STK_1.csv", big);
    const s = session();
    const taken = new Taken();
    expect(await taken.poll(s)).toBe(true);
    const before = taken.events.length;
    expect(before).toBeGreaterThan(1_000);
    await put("STK_1.csv", "SKU,QTY\nNEW,1\n");
    await taken.all(s);
    expect(taken.failed.join()).toMatch(
      /STK_1.csv: It was changed while it was read. The rows before line \d+ were taken./,
    );
    expect(skus(taken).slice(before)).toEqual(["NEW"]);
  });

  test("of twenty megabytes takes no more memory than a short one", async () => {
    const line = `SKU-0123456789,12345,${"x".repeat(80)}\n`;
    await put("STK_1.csv", `SKU,QTY,NOTE\n${line.repeat(200_000)}`);
    const s = session({ totals: { sidecar: "{name}.ctl", pattern: "(?<count>\\d+)" } });
    await put("STK_1.csv.ctl", "200000");
    let cursor: string | null = null;
    let count = 0;
    const peaks: number[] = [];
    for (let more = true; more; ) {
      const result = await s.polls!.stock!.read(cursor, new AbortController().signal);
      for (const message of result.messages)
        count += (s.map(message, noCodes) as { events: unknown[] }).events.length;
      ({ cursor, more } = result);
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      peaks.push(heapUsed + arrayBuffers);
      expect(result.cursor.length).toBeLessThan(2_000);
      await result.acknowledge!();
    }
    expect(count).toBe(200_000);
    expect(Math.max(...peaks) - peaks[0]!).toBeLessThan(100_000_000);
  });
});

describe("what is wrong", () => {
  test("with a row is said with its line, and the others go on", async () => {
    await put("STK_1.csv", 'SKU,QTY\nA,1\nB,many\n,3\n"C,4\nD,5\n\xff,6\nE,7,more\n');
    const taken = await new Taken().all(session());
    expect(skus(taken)).toEqual(["A", "D", "ÿ"]);
    expect(taken.problems).toEqual([
      { line: 3, reason: 'QTY: "many" is no number.' },
      { line: 4, reason: 'SKU: "" is no value, and one is required.' },
      { line: 5, reason: "a quote is not closed." },
      { line: 8, reason: "has 3 cells for 2 columns." },
    ]);
  });

  test("with the bytes of a cell is said with its line", async () => {
    await put("STK_1.csv", Buffer.from("SKU,QTY\nA,1\nB\xff,2\nC,3\n", "latin1"));
    const taken = await new Taken().all(session());
    expect(skus(taken)).toEqual(["A", "C"]);
    expect(taken.problems).toEqual([{ line: 3, reason: "SKU: holds bytes that are no UTF-8." }]);
  });

  test("with the contract is said as the contract says it", async () => {
    await put("STK_1.csv", `SKU,QTY\n${"x".repeat(129)},1\n`);
    expect((await new Taken().all(session())).problems[0]).toMatchObject({
      line: 2,
      reason: expect.stringContaining("$.sku"),
    });
  });

  test("with the header fails the file", async () => {
    await put("STK_1.csv", "SKU,AMOUNT\nA,1\n");
    expect((await new Taken().all(session())).failed).toEqual([
      "line 1 lacks the columns QTY, or has them twice.",
    ]);
  });

  test("a folder that is not there is an outage, and health says so", async () => {
    const s = session({ folder: "nowhere" });
    await expect(new Taken().all(s)).rejects.toThrow(
      expect.objectContaining({ code: "files.unreachable", retry: "later" }),
    );
    await expect(s.health(new AbortController().signal)).rejects.toThrow("nowhere");
    await expect(session().health(new AbortController().signal)).resolves.toBeUndefined();
  });
});

describe("control totals", () => {
  const totals = { pattern: "^TRL,(?<count>\\d+),(?<sum>.+)$", of: "QTY" };

  test("that hold let the file count, without its trailer", async () => {
    await put("STK_1.csv", "SKU,QTY\nA,0.1\nB,0.2\nTRL,2,0.3\n");
    const taken = await new Taken().all(session({ totals }));
    expect(skus(taken)).toEqual(["A", "B"]);
    expect(taken.problems).toEqual([]);
  });

  test.each([
    [
      "SKU,QTY\nA,1\nTRL,2,1\n",
      "line 4 STK_1.csv: Its totals count 2 rows, and there are 1. No row of it was taken.",
    ],
    [
      "SKU,QTY\nA,1\nTRL,1,2\n",
      "line 4 STK_1.csv: Its totals add up to 2, and the rows to 1. No row of it was taken.",
    ],
    ["SKU,QTY\nA,1\n", "line 3 STK_1.csv: has no trailer: the file is cut off. No row of it was taken."],
    ["SKU,QTY\nTRL,0,0\nA,1\n", "line 3 STK_1.csv: follows the trailer. No row of it was taken."],
  ])("that do not hold: nothing of the file counts", async (content, said) => {
    await put("STK_1.csv", content);
    const taken = await new Taken().all(session({ totals }));
    expect(taken.events).toEqual([]);
    expect(taken.failed).toEqual([said]);
    expect(await left("out/errors")).toHaveLength(1);
    expect(await left()).toEqual([]);
  });

  test("are counted over more than one window, with a crash between any two", async () => {
    await put("STK_1.csv", `SKU,QTY\n${rows(150_000)}TRL,150000,11249925000\n`);
    const taken = new Taken();
    for (let more = true; more; ) {
      await taken.poll(session({ totals }), "stock", "before commit");
      more = await taken.poll(session({ totals }));
    }
    expect(taken.failed).toEqual([]);
    expect(taken.events).toHaveLength(150_000);
    expect(new Set(skus(taken)).size).toBe(150_000);
  });

  test("beside the file are waited for", async () => {
    const s = session({ totals: { sidecar: "{stem}.ctl", pattern: "rows=(?<count>\\d+)" } });
    const taken = new Taken();
    await put("STK_1.csv", "SKU,QTY\nA,1\n");
    await taken.all(s);
    expect(taken.messages.size).toBe(0);
    await put("STK_1.ctl", "rows=1");
    expect(skus(await taken.all(s))).toEqual(["A"]);
    expect(
      await readFile(join(root.path, "out/archive", (await left("out/archive"))[0]!), "utf8"),
    ).toBeDefined();
  });
});

test("the time of a file is that of its last change", async () => {
  await put("STK_1.csv", "SKU,QTY\nA,1\n");
  await utimes(join(root.path, "out/STK_1.csv"), 1_795_506_370, 1_795_506_370);
  const [event] = (await new Taken().all(session())).events;
  expect(event).toMatchObject({ data: { quantity: "1", observedAt: "2026-11-24T07:46:10.000000Z" } });
});
