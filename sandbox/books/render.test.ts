// The page that finance signs, and the command that prints it.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { credentials } from "../systems/credentials.ts";
import type { Books } from "./books.ts";
import { runCheck } from "./command.ts";
import { render } from "./render.ts";
import { KEY } from "./testing/answers.ts";
import { draw, requestFor } from "./testing/drawing.ts";
import { BUFFERS, play } from "./testing/small-trade.ts";
import { Trade } from "./testing/trade.ts";

const CHECK = fileURLToPath(new URL("check.ts", import.meta.url));

let trade: Trade;
let books: Books;
beforeAll(async () => {
  trade = await Trade.start();
  const { first } = await play(trade);
  books = await draw(trade);
  for (const line of first.answer.lines) line.shipped = "1234567";
});
afterAll(() => trade.stop());

describe("the page", () => {
  test("has title, date, every equation with both sides, streams, targets, lines to sign", () => {
    const page = render(books);
    expect(page).toContain("BOOKS OF THE DISTRIBUTOR");
    expect(page).toContain(`${books.drawnAt.slice(0, 10)} ${books.drawnAt.slice(11, 19)} UTC`);
    expect(page).toContain(`All ${books.equations.length} equations balance.`);
    expect(page.match(/ balanced$/gm)).toHaveLength(books.equations.length);
    for (const { left, right } of books.equations) {
      for (const { label } of [...left, ...right]) expect(page).toContain(label);
    }
    expect(page).toContain("before rounding 78.355 GBP");
    expect(page).toContain("SHORTFALLS: none");
    expect(page).toMatch(/^Finance +_+ +Date _+$/m);
    expect(page).not.toContain("Not to be signed");
  });

  test("is never wider than a page, whatever a document is called", async () => {
    const wide = structuredClone(books);
    wide.equations[0]!.balanced = false;
    wide.equations[0]!.failures = [{ document: "x".repeat(300), left: "1", right: "2" }];
    wide.exceptions = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`category-${n}`, n]));
    wide.inputFile = `/a/${"long/".repeat(60)}input.csv`;
    wide.shortfalls = [
      {
        sku: "20001",
        location: "EAST",
        units: "3",
        orders: Array.from({ length: 60 }, (_, n) => `${536000 + n}`),
      },
    ];
    const lines = render(wide).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.filter((line) => line !== line.trimEnd())).toEqual([]);
  });

  test("says what differs, with the documents and both sides, and asks not to be signed", async () => {
    const page = render(await draw(trade));
    expect(page).toContain("NOT BALANCED: 1 of ");
    expect(page).toMatch(/What the warehouses shipped, Crossdock knows as shipped +DIFFERS$/m);
    expect(page).toMatch(
      /2 documents differ:\n +540002 20001 +10 ≠ 1,234,567\n +540002 20002 +4 ≠ 1,234,567$/m,
    );
    expect(page).toContain("Not to be signed before the differences above are explained.");
  });
});

async function run(...given: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const into = (name: keyof typeof said) => ({
    write: (text: string) => {
      said[name] += text;
    },
  });
  return { code: await runCheck(given, into("out"), into("err")), ...said };
}

describe("the command", () => {
  let options: string[];
  beforeAll(() => {
    const { inputFile, crossdock } = requestFor(trade);
    const systems = join(trade.folder, "systems.json");
    const buffers = join(trade.folder, "buffers.json");
    const ports = Object.values(trade.distributor.systems).map(({ name, url, folder }) => [
      name,
      { url, folder },
    ]);
    writeFileSync(systems, JSON.stringify({ pid: 1, systems: Object.fromEntries(ports), credentials }));
    writeFileSync(buffers, JSON.stringify(BUFFERS));
    options = [
      "--input",
      inputFile,
      "--systems",
      systems,
      "--crossdock",
      crossdock.url,
      "--buffers",
      buffers,
    ];
  });

  test("runs alone, prints the page and ends with 1 where the books do not balance", async () => {
    const child = spawn(process.execPath, [CHECK, ...options, "--key", KEY], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(1);
    expect(out).toContain("NOT BALANCED: 1 of ");
  });

  test("prints JSON, and ends with 0 where they balance", async () => {
    const [candles, lanterns] = trade.deals[0]!.answer.lines;
    [candles!.shipped, lanterns!.shipped] = ["10", "4"];
    const { code, out } = await run(...options, "--key", KEY, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ balanced: true, invoiced: { amount: "78.36", currency: "GBP" } });
  });

  test.each([
    ["an option is missing", () => options, "--key is missing"],
    ["an option is unknown", () => [...options, "--key", KEY, "--fast"], "Unknown option '--fast'"],
    [
      "a count is none",
      () => [...options, "--key", KEY, "--orders", "many"],
      "--orders must be a whole number",
    ],
    [
      "a file is missing",
      () => ["--input", "/none.csv", ...options.slice(2), "--key", KEY],
      "/none.csv cannot be read",
    ],
    ["the key is wrong", () => [...options, "--key", "wrong"], "Crossdock cannot be read"],
  ])("ends with 2 and one sentence where %s", async (_what, given, sentence) => {
    const { code, out, err } = await run(...given());
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/^\s+at /m);
  });
});
