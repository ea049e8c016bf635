// Draws the books of a played trade, and says in which equations they differ.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "../../systems/credentials.ts";
import { type Books, type BooksRequest, drawBooks } from "../books.ts";
import { KEY } from "./answers.ts";
import { BUFFERS, INPUT } from "./small-trade.ts";
import type { Trade } from "./trade.ts";

export function requestFor(trade: Trade, input = INPUT): BooksRequest {
  const inputFile = join(trade.folder, "input.csv");
  writeFileSync(inputFile, input);
  const { systems } = trade.distributor;
  return {
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
  };
}

export const draw = (trade: Trade, input?: string): Promise<Books> => drawBooks(requestFor(trade, input));

export const differing = (books: Books): string[] =>
  books.equations.flatMap((equation) => (equation.balanced ? [] : [equation.id])).sort();
