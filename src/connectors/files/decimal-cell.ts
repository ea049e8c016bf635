// A number as partners write it, read exactly: `1.234,50`, `3-`, `00012500` with two implied decimals.
import { CrossdockError, numberText } from "../../connector/index.ts";

export interface DecimalFormat {
  decimal?: "." | ",";
  scale?: number;
  negate?: boolean;
}

/** The canonical text. Throws `files.bad-cell`. */
export function readDecimal(cell: string, { decimal = ".", scale, negate = false }: DecimalFormat): string {
  const parts = /^([+-]?)([^+-]*)([+-]?)$/.exec(cell.trim());
  const [, before = "", body = "", after = ""] = parts ?? [];
  const digits = decimal === "," ? body.replaceAll(".", "\0").replace(",", ".") : body.replaceAll(",", "\0");
  // What groups thousands stands before three digits, or it is the other mark by mistake.
  const plain = digits.replace(
    /^(\d{1,3})((?:\0\d{3})+)(?=\.|$)/,
    (_, first: string, rest: string) => first + rest.replaceAll("\0", ""),
  );
  if (parts === null || (before !== "" && after !== "") || !/^\d+(\.\d+)?([eE]\d+)?$/.test(plain)) {
    throw new CrossdockError("files.bad-cell", `${JSON.stringify(cell)} is no number`);
  }
  const isNegative = (before === "-" || after === "-") !== negate;
  return numberText(`${isNegative ? "-" : ""}${scale === undefined ? plain : implied(cell, plain, scale)}`);
}

function implied(cell: string, digits: string, scale: number): string {
  if (!/^\d+$/.test(digits)) {
    throw new CrossdockError(
      "files.bad-cell",
      `${JSON.stringify(cell)} has a decimal mark, and its decimals are implied`,
    );
  }
  const padded = digits.padStart(scale + 1, "0");
  return `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}
