// How far a stream has come. It is committed with the messages, so that a node that takes over goes on at the same row.
import type { Entry } from "./transport.ts";

export interface Reading extends Entry {
  /** `check`: its rows are counted; `rows`: they are handed on. */
  phase: "check" | "rows";
  /** Bytes of the head that every part of the file needs; 0 until it is known. */
  head: number;
  /** Where the next row begins, and its line. */
  offset: number;
  line: number;
  /** Of the check: rows, their sum in millionths, and the totals of a trailer that has been seen. */
  count: number;
  sum: string;
  /** A figure could not be read: the row will say so, and the sum proves nothing. */
  unsummed: boolean;
  trailer?: { count?: string; sum?: string };
  /** Rows were handed on: what happens to the file now is told. */
  begun: boolean;
}

/** A file that is through, by its identity, and where it goes. */
export interface Finished {
  id: string;
  name: string;
  to: "archive" | "errors";
}

export interface Cursor {
  reading?: Reading;
  finished: Finished[];
}

export const emptyCursor: Cursor = { finished: [] };

export const readCursor = (text: string | null): Cursor =>
  text?.startsWith("{") ? (JSON.parse(text) as Cursor) : emptyCursor;

export const writeCursor = (cursor: Cursor): string => JSON.stringify(cursor);

export function begin(entry: Entry, isChecked: boolean): Reading {
  return {
    ...entry,
    phase: isChecked ? "check" : "rows",
    head: 0,
    offset: 0,
    line: 1,
    count: 0,
    sum: "0",
    unsummed: false,
    begun: false,
  };
}

export const versionOf = ({ name, modifiedMs, size }: Entry): string => `${name}/${modifiedMs}/${size}`;
