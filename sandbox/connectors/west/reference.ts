// What a release is called at WEST, and back. `4711-R2` is the second release of order 4711 there; `4711-R0` is
// the order as such. Its files hold Latin-1 without quoting, so what that cannot carry is escaped as in a URL.

export interface Reference {
  /** Empty: the company of the installation. */
  company: string;
  orderId: string;
  /** 0: no release. */
  ordinal: number;
}

export function writeReference({ company, orderId, ordinal }: Reference): string {
  return `${company === "" ? "" : `${escapeSigns(company)}!`}${escapeSigns(orderId)}-R${ordinal}`;
}

/** A number that we did not give is an order of somebody else's, under its own name. */
export function readReference(text: string): Reference {
  const parts = /^(?:([^!]+)!)?([^!]+)-R(\d{1,6})$/.exec(text);
  const foreign = { company: "", orderId: text, ordinal: 0 };
  if (parts === null) return foreign;
  const [, company = "", orderId = "", ordinal] = parts;
  try {
    return {
      company: decodeURIComponent(company),
      orderId: decodeURIComponent(orderId),
      ordinal: Number(ordinal),
    };
  } catch (error) {
    // No escape of ours: a percent sign of somebody else's.
    if (error instanceof URIError) return foreign;
    throw error;
  }
}

/** The release's number is at the end of the delivery's key: `main/4711@WEST#2`. */
export function ordinalOf(key: string): number | undefined {
  const digits = /#(\d{1,6})$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A line's name in a cell, and back. */
export const writeCell = (text: string): string => escapeSigns(text);
export function readCell(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

function escapeSigns(text: string): string {
  return text.replace(/[^ -~]|[%!;]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join(""),
  );
}
