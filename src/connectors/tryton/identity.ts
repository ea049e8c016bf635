// Who a sale belongs to and what its lines are called outside: one that we booked has our number as its reference and
// ours of its lines in their notes; one that was keyed in Tryton goes by Tryton's own.
import { type Fields, fieldsOf, idOf, numberOf, textOf, textOr } from "./values.ts";

export interface LineIdentity {
  kind: "line" | "charge";
  /** Our line's, or charge's. */
  key: string;
}

/** A sale is ours where our user made it for a number of ours. */
export const isOurs = (sale: Fields, uid: number): boolean =>
  textOr(sale, "reference") !== undefined && idOf(sale.create_uid, "create_uid") === uid;

/** Domains for the sales of each kind. */
export const ownSales = (uid: number): unknown[] => [
  ["create_uid", "=", uid],
  ["reference", "not in", [null, ""]],
];
export const keyedSales = (uid: number): unknown[] => [
  ["OR", ["create_uid", "!=", uid], ["reference", "=", null], ["reference", "=", ""]],
];

/** `sale`: with `ours`, as it is read. */
export const orderIdOf = (sale: Fields): string =>
  sale.ours === true ? textOf(sale, "reference") : textOf(sale, "number");

const NOTE = /^(line|charge):(.+)$/s;

export function lineIdentity(line: Fields, ours: boolean): LineIdentity {
  const [, kind, key] = ours ? (NOTE.exec(textOr(line, "note") ?? "") ?? []) : [];
  if (key !== undefined) return { kind: kind as LineIdentity["kind"], key };
  return { kind: isGoods(line) ? "line" : "charge", key: numberOf(line, "id") };
}

/** A service, or a line of no product, moves nothing. */
export function isGoods(line: Fields): boolean {
  const product = line["product."];
  return product !== null && product !== undefined && fieldsOf(product, "product").type !== "service";
}

/** Without a code a product has no name outside. */
export function skuOf(line: Fields): string {
  const product = line["product."];
  return product === null || product === undefined
    ? ""
    : (textOr(fieldsOf(product, "product"), "code") ?? "");
}
