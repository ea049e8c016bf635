import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type RetailRow, readRetailRows } from "./read.ts";

const folder = mkdtempSync(join(tmpdir(), "retail-read-"));
afterAll(() => rmSync(folder, { recursive: true }));

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const ROW = "536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom";
let files = 0;

function file(content: string | Buffer, name = `orders-${files++}.csv`): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string): Promise<RetailRow[]> {
  const rows: RetailRow[] = [];
  for await (const row of readRetailRows(path)) rows.push(row);
  return rows;
}

/** The code and the message after the folder. */
async function refusal(path: string): Promise<string> {
  const error = await read(path).then(
    () => new Error("was read"),
    (thrown: Error & { code?: string }) => thrown,
  );
  return `${(error as { code?: string }).code} ${error.message.replace(`${folder}/`, "")}`;
}

describe("what can be read", () => {
  test("a plain file, its gzip under a plain name and a file of several gzip members give the same rows", async () => {
    const text = `${HEADER}\n${ROW}\n${ROW}\n`;
    const plain = await read(file(text));
    expect(plain.map((row) => [row.row, row.stockCode, row.customerId])).toEqual([
      [2, "85123A", "17850.0"],
      [3, "85123A", "17850.0"],
    ]);
    expect(await read(file(gzipSync(text)))).toEqual(plain);
    expect(await read(file(Buffer.concat([gzipSync(`${HEADER}\n${ROW}\n`), gzipSync(`${ROW}\n`)])))).toEqual(
      plain,
    );
  });

  test("a byte order mark, CRLF, no newline at the end and columns in another order", async () => {
    const header = "Country,CustomerID,Extra,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo";
    const row = "EIRE,14911.0,x,2.55,2010-12-01 08:26:00,6,HEART,85123A,536365";
    const [first] = await read(file(`\uFEFF${header}\r\n${row}`));
    expect(first).toEqual({
      row: 2,
      invoiceNo: "536365",
      stockCode: "85123A",
      description: "HEART",
      quantity: "6",
      invoiceDate: "2010-12-01 08:26:00",
      unitPrice: "2.55",
      customerId: "14911.0",
      country: "EIRE",
    });
  });

  test("rows after a quoted field over three lines keep their own line numbers", async () => {
    const rows = await read(file(`${HEADER}\n${ROW.replace("WHITE HEART", '"A ""B"",\n\nC"')}\n${ROW}\n`));
    expect(rows.map((row) => [row.row, row.description])).toEqual([
      [2, 'A "B",\n\nC'],
      [5, "WHITE HEART"],
    ]);
  });

  test("whatever RFC 4180 can write comes back, over many chunks of the file", async () => {
    const field = fc.string({
      unit: fc.constantFrom(...["a", '"', ",", "\n", "\r", "é", "🎁", " "]),
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 20 }), async (pairs) => {
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        // Filler pushes the rows over the size of a chunk, so that chunks end inside characters and quotes.
        const filler = `${ROW.replace("WHITE HEART", "é".repeat(400))}\n`.repeat(160);
        const text = pairs.map(([a, b]) =>
          ROW.replace("WHITE HEART", () => quote(a)).replace("85123A", () => quote(b)),
        );
        const rows = await read(file(`${HEADER}\n${filler}${text.join("\r\n")}\r\n`, "any.csv"));
        expect(rows.slice(160).map((row) => [row.description, row.stockCode])).toEqual(pairs);
      }),
      { numRuns: 60 },
    );
  });

  test("who stops early leaves no open file behind", async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) =>
      ROW.replace("WHITE", String(Math.imul(i, 0x9e3779b1))),
    );
    const text = `${HEADER}\n${rows.join("\n")}\n`;
    const paths = [file(text), file(gzipSync(text))];
    const before = readdirSync("/dev/fd").length;
    for (let i = 0; i < 20; i++) {
      for await (const row of readRetailRows(paths[i % 2]!)) if (row.row === 3) break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readdirSync("/dev/fd").length).toBeLessThan(before + 10);
  });
});

describe("what is refused, with its place", () => {
  const text = `${HEADER}\n${ROW}\n`;

  test.each<[string, () => string, string]>([
    [
      "a missing file",
      () => join(folder, "none.csv"),
      "retail.file-missing none.csv: There is no such file.",
    ],
    ["a folder", () => folder, `retail.file-unreadable ${folder}: The file cannot be read: it is a folder.`],
    ["an empty file", () => file("", "e.csv"), "retail.empty e.csv:1 The file is empty."],
    ["an empty gzip", () => file(gzipSync(""), "e.gz"), "retail.empty e.gz:1 The file is empty."],
    ["a header alone", () => file(HEADER, "h.csv"), "retail.empty h.csv:2 No row follows the header."],
    [
      "a header that lacks columns",
      () => file("InvoiceNo,StockCode\n1,2\n", "l.csv"),
      "retail.header l.csv:1 The header lacks Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country; " +
        "it must name InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country.",
    ],
    [
      "a header that names one twice",
      () => file(`${HEADER},Country\n${ROW},x\n`, "t.csv"),
      "retail.header t.csv:1 The header names Country twice.",
    ],
    [
      "Latin-1",
      () => file(Buffer.from(`${text}${ROW.replace("HEART", "CAF\xc9")}\n`, "latin1"), "l1.csv"),
      "retail.encoding l1.csv:3 The line is not UTF-8: convert the file first.",
    ],
    [
      "UTF-16",
      () => file(Buffer.from(`\uFEFF${text}`, "utf16le"), "u16.csv"),
      "retail.encoding u16.csv:1 The line is not UTF-8: convert the file first.",
    ],
    [
      "a NUL byte",
      () => file(`${text}${ROW.replace("HEART", "\0")}\n`, "n.csv"),
      "retail.encoding n.csv:3 A NUL byte: the file is not text in UTF-8.",
    ],
    [
      "a row that is too short",
      () => file(`${text}1,2,3\n`, "s.csv"),
      "retail.row s.csv:3 The row has 3 fields where the header has 8.",
    ],
    ["an empty line", () => file(`${text}\n${ROW}\n`, "el.csv"), "retail.row el.csv:3 The line is empty."],
    [
      "a quote that is never closed",
      () =>
        file(
          `${text}${ROW.replace("WHITE", '"WHITE')}\n${`${ROW}\n`.repeat(5)}`.replace(",6,", ",6,"),
          "q.csv",
        ),
      "retail.row q.csv:3 A quoted field that starts here is not closed.",
    ],
    [
      "a quote inside a field",
      () => file(`${text}${ROW.replace("WHITE", '12" WHITE')}\n`, "i.csv"),
      "retail.row i.csv:3 A quote stands inside a field: quote the whole field and double the quotes in it.",
    ],
    [
      "a line without an end",
      () => file(`${text}${"x".repeat(2_000_000)}`, "long.csv"),
      "retail.row long.csv:3 The line is longer than a mebibyte.",
    ],
  ])("%s", async (_name, path, message) => {
    expect(await refusal(path())).toBe(message);
  });

  test("a gzip file that is cut off or damaged, at the line that could be read last", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => ROW.replace("536365", String(i * 7919)));
    const packed = gzipSync(`${HEADER}\n${lines.join("\n")}\n`);
    const place = /^retail\.gzip cut\.gz:(\d+) The gzip file is cut off near here\.$/.exec(
      await refusal(file(packed.subarray(0, packed.length / 2), "cut.gz")),
    );
    expect(Number(place?.[1])).toBeGreaterThan(1_000);
    const damaged = /^retail\.gzip bad\.gz:(19|20)\d{3} The gzip file is damaged near here: incorrect /;
    expect(await refusal(file(Buffer.concat([packed, Buffer.from("and more")]), "bad.gz"))).toMatch(damaged);
    packed.fill(0, packed.length - 8);
    expect(await refusal(file(packed, "bad.gz"))).toMatch(damaged);
  });
});
