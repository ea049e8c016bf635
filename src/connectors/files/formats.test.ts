import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderForEach, open, type Stream, stock, stockEvent, Taken } from "./testing.ts";

const root = folderForEach("out");

async function read(content: string | Uint8Array, more: Partial<Stream>): Promise<Taken> {
  await writeFile(join(root.path, "out/STK_1"), content);
  return new Taken().all(
    open({ at: { transport: "folder", path: root.path }, inbound: { stock: stock(more) } }),
  );
}
const figures = (taken: Taken) =>
  taken.events.map(({ data }) => {
    const { sku, quantity } = data as { sku: string; quantity: string };
    return `${sku} ${quantity}`;
  });
const fields = (more: Stream["event"]["fields"]): Partial<Stream> => ({
  event: { ...stockEvent, fields: { ...stockEvent.fields, ...more } },
});

describe("separated values", () => {
  test("without a header, by position, with a decimal comma", async () => {
    const format = {
      kind: "csv",
      separator: ";",
      header: false,
      columns: [{ name: "SKU" }, { name: "QTY" }],
    } as const;
    const taken = await read("Müll;1.234,50\nB;3-\n", {
      format,
      ...fields({ quantity: { column: "QTY", decimal: "," } }),
    });
    expect(figures(taken)).toEqual(["Müll 1234.5", "B -3"]);
  });

  test.each([
    ["latin1", Buffer.from("SKU,QTY\nMüll,1\n", "latin1")],
    ["windows-1252", Buffer.from("SKU,QTY\nM\x80ll,1\n", "latin1")],
    ["utf-8", Buffer.from("\ufeffSKU,QTY\nMüll,1\n")],
    ["utf-16le", Buffer.from("\ufeffSKU,QTY\r\nMüll,1\r\n", "utf16le")],
    ["utf-16be", Buffer.from("\ufeffSKU,QTY\nMüll,1\n", "utf16le").swap16()],
  ] as const)("in %s", async (encoding, bytes) => {
    const said = encoding === "windows-1252" ? "M€ll 1" : "Müll 1";
    expect(figures(await read(bytes, { format: { kind: "csv", encoding } }))).toEqual([said]);
  });

  test("with lines before the header, another quote, a tab, and lines that are no rows", async () => {
    const content = "made by WMS\nSKU\tQTY\t\n'it''s\ta\nB'\t1\t\n\n#note\t\t\nC\t2\t";
    const format = { kind: "csv", separator: "\t", quote: "'", skip: 1 } as const;
    const more = { format, ignore: "^#", ...fields({ sku: { column: "SKU", match: "^(\\S+)" } }) };
    const taken = await read(content, more);
    expect(figures(taken)).toEqual(["it's 1", "C 2"]);
    expect(taken.problems).toEqual([]);
  });
});

test("fixed width: implied decimals, a short last line, code words", async () => {
  const columns = [
    { name: "SKU", from: 1, length: 6 },
    { name: "QTY", from: 7, length: 6 },
    { name: "COND", from: 13, length: 1 },
  ];
  const taken = await read("A     001250A\r\nMÜLL  000300H\r\nC     000100X\r\nD     0001", {
    format: { kind: "fixed", columns },
    ...fields({
      quantity: { column: "QTY", scale: 2 },
      status: { column: "COND", words: { A: "available", H: "held" }, optional: true },
    }),
  });
  expect(taken.events.map(({ data }) => data)).toMatchObject([
    { sku: "A", quantity: "12.5", status: "available" },
    { sku: "MÜLL", quantity: "3", status: "held" },
    { sku: "D", quantity: "0.01" },
  ]);
  expect(taken.problems).toEqual([{ line: 3, reason: 'COND: "X" is none of the words A, H.' }]);
});

test("JSON lines: nested columns, and numbers as they were written", async () => {
  const content =
    '{"a":{"sku":"A"},"q":0.10}\n{"a":{"sku":"B"},"q":99999999999999.123456}\nnot json\n{"a":{},"q":1}\n';
  const taken = await read(content, {
    format: { kind: "json-lines" },
    ...fields({ sku: { column: "a.sku" }, quantity: { column: "q" } }),
  });
  expect(figures(taken)).toEqual(["A 0.1", "B 99999999999999.123456"]);
  expect(taken.problems).toMatchObject([
    { line: 3 },
    { line: 4, reason: 'a.sku: "" is no value, and one is required.' },
  ]);
});

describe("XML", () => {
  const xml: Partial<Stream> = {
    format: { kind: "xml", record: "/Stock/Items/Item" },
    chunkBytes: 256,
    ...fields({ sku: { column: "@sku" }, quantity: { column: "Level/Qty" } }),
  };
  const item = (sku: string, quantity: string) =>
    `  <Item sku="${sku}">\n    <Level><Qty>${quantity}</Qty></Level>\n  </Item>\n`;
  const wrap = (items: string) => `<?xml version="1.0"?>\n<Stock><Items>\n${items}</Items></Stock>\n`;

  test("in parts that each stand alone, with the lines of the file", async () => {
    const items = Array.from({ length: 30 }, (_, n) => item(`Mü&amp;${n}`, n === 20 ? "many" : String(n)));
    const taken = await read(`\ufeff${wrap(items.join(""))}`, xml);
    expect(figures(taken)).toEqual(
      Array.from({ length: 30 }, (_, n) => `Mü&${n} ${n}`).filter((_, n) => n !== 20),
    );
    expect(taken.problems).toEqual([{ line: 63, reason: 'Level/Qty: "many" is no number.' }]);
    expect(taken.messages.size).toBeGreaterThan(5);
  });

  test("that is cut off, broken or full of entities is no file", async () => {
    expect((await read(wrap(item("A", "1")).replace("</Stock>", ""), xml)).failed.join()).toMatch(
      /is no XML/,
    );
    expect((await read(wrap(item("A", "1</Level>")), xml)).failed.join()).toMatch(/is no XML/);
    const bomb = wrap(item("&lol;", "1")).replace("<Stock>", '<!DOCTYPE Stock [<!ENTITY lol "lol">]><Stock>');
    expect((await read(bomb, xml)).failed.join()).toMatch(/undefined entity/);
  });

  test("an element that comes several times is no cell", async () => {
    const twice = item("A", "1").replace("</Level>", "<Qty>2</Qty></Level>");
    expect((await read(wrap(twice), xml)).problems).toMatchObject([
      { reason: expect.stringContaining("several times") },
    ]);
  });
});

describe("rows that are one event", () => {
  const order: Partial<Stream> = {
    chunkBytes: 256,
    event: {
      type: "order.submitted",
      group: ["ORDER"],
      id: ["ORDER"],
      fields: {
        orderId: { column: "ORDER" },
        currency: { constant: "GBP" },
        placedAt: { columns: ["DATE", "TIME"], format: "dd.MM.yyyy HH:mm", zone: "Europe/London" },
        "customer.id": { column: "CUSTOMER", optional: false },
        "lines[].lineId": { column: "LINE" },
        "lines[].sku": { column: "SKU" },
        "lines[].quantity": { column: "QTY" },
        "lines[].price": { column: "PRICE", decimal: "," },
      },
    },
    format: { kind: "csv", separator: ";" },
  };
  const head = "ORDER;DATE;TIME;CUSTOMER;LINE;SKU;QTY;PRICE\n";
  const line = (id: string, number: number, quantity = "1") =>
    `${id};25.06.2026;09:30;C1;${number};SKU${number};${quantity};2,50\n`;

  test("stay together, however the file is cut", async () => {
    const lines = Array.from({ length: 20 }, (_, n) =>
      [1, 2, 3, 4, 5].map((number) => line(`O${n}`, number)).join(""),
    );
    const taken = await read(head + lines.join(""), order);
    expect(taken.messages.size).toBeGreaterThan(5);
    expect(taken.problems).toEqual([]);
    expect(taken.events).toHaveLength(20);
    for (const [n, { data, id }] of taken.events.entries()) {
      expect(id).toBe(`stock:O${n}`);
      expect(data).toMatchObject({
        orderId: `O${n}`,
        placedAt: "2026-06-25T08:30:00.000000Z",
        customer: { id: "C1" },
      });
      expect((data as { lines: unknown[] }).lines).toHaveLength(5);
    }
    expect((taken.events[0]!.data as { lines: unknown[] }).lines[1]).toEqual({
      lineId: "2",
      sku: "SKU2",
      quantity: "1",
      price: "2.5",
    });
  });

  test("are left out together, each with a word", async () => {
    const taken = await read(head + line("O1", 1) + line("O1", 2, "x") + line("O2", 1), order);
    expect(taken.events).toHaveLength(1);
    expect(taken.problems).toEqual([
      { line: 3, reason: 'QTY: "x" is no number.' },
      { line: 2, reason: "Another row of its group is wrong: the group is left out." },
    ]);
  });
});
