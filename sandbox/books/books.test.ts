// The six systems run, a small trade is played through their own APIs, and the books are drawn. Then one thing at a
// time goes wrong, and exactly the equations that are about it must say so.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { credentials } from "../systems/credentials.ts";
import { type Books, drawBooks } from "./books.ts";
import { KEY } from "./testing/answers.ts";
import { BUFFERS, INPUT, type Played, play } from "./testing/story.ts";
import { Trade, type Twists } from "./testing/trade.ts";

let trade: Trade;
let folder: string;
let played: Played;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "books-input-"));
  trade = await Trade.start();
});
afterAll(async () => {
  await trade.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function draw(input = INPUT): Promise<Books> {
  const inputFile = join(folder, "input.csv");
  writeFileSync(inputFile, input);
  const { systems } = trade.distributor;
  return drawBooks({
    inputFile,
    systems: {
      erp: systems.erp.url,
      crm: systems.crm.url,
      east: systems.east.url,
      west: { url: systems.west.url, folder: systems.west.folder! },
      partner: systems.partner.url,
      portal: systems.portal.url,
    },
    keys: credentials,
    crossdock: { url: trade.crossdock.url, key: KEY },
    buffers: BUFFERS,
  });
}

const differing = (books: Books): string[] =>
  books.equations.filter((equation) => !equation.balanced).map((equation) => equation.id);

async function playAndDraw(twists: Twists = {}): Promise<Books> {
  played = await play(trade, twists);
  return draw();
}

describe("a trade that went right", () => {
  let books: Books;
  beforeAll(async () => {
    books = await playAndDraw();
  });

  test("balances in every equation", () => {
    expect(books.equations.filter((equation) => !equation.balanced)).toEqual([]);
    expect(books.balanced).toBe(true);
  });
});
