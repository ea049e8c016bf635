// How an order of ours is known again in Odoo: its client_order_ref is our number, which anybody may write into an order
// of theirs; its origin ("Source Document", which no print shows) is signed and says our lines in their order. Lines
// are matched by their ids, which rise in that order and never change, as sequences do when somebody drags a line.
import type { BookingPayload } from "../../connector/index.ts";
import { type Fields, idOf, textOr, unexpected } from "./values.ts";

const SIGNED = "crossdock:";
/** A pattern for `=like`. */
export const SIGNED_LIKE = `${SIGNED}%`;

export interface OrderNote {
  /** Each line's number and the quantity that was ordered. */
  lines: [string, string][];
  charges: string[];
}

export function originOf({ lines, charges }: BookingPayload): string {
  const note: OrderNote = {
    lines: lines.map(({ lineId, quantity }) => [lineId, quantity]),
    charges: charges.map(({ chargeId }) => chargeId),
  };
  return `${SIGNED}${JSON.stringify(note)}`;
}

/** Undefined where the order is not ours. */
export function noteOf(order: Fields): OrderNote | undefined {
  const origin = textOr(order, "origin");
  if (origin?.startsWith(SIGNED) !== true || textOr(order, "client_order_ref") === undefined)
    return undefined;
  let note: OrderNote;
  try {
    note = JSON.parse(origin.slice(SIGNED.length)) as OrderNote;
  } catch {
    throw unexpected("origin", "what this connector signs its orders with");
  }
  if (Array.isArray(note?.lines) && Array.isArray(note.charges)) return note;
  throw unexpected("origin", "what this connector signs its orders with");
}

export interface OwnLine {
  key: string;
  isCharge: boolean;
  /** What was ordered; absent for charges. */
  ordered?: string;
}

/** Odoo's line → ours; a line that somebody added there is none of ours. */
export function ownLines(note: OrderNote, lines: Fields[]): Map<number, OwnLine> {
  const ids = lines.map((line) => idOf(line.id, "id")).sort((a, b) => a - b);
  const own: OwnLine[] = [
    ...note.lines.map(([key, ordered]) => ({ key, isCharge: false, ordered })),
    ...note.charges.map((key) => ({ key, isCharge: true })),
  ];
  return new Map(own.slice(0, ids.length).map((line, index) => [ids[index]!, line]));
}
