// What a release is called at EAST, and back. `4711-R2` is the second release of order 4711 there; `4711-R0` is the
// order as such. EAST counts lines in whole numbers: where ours are named otherwise, the names ride along.

export interface Reference {
  /** Empty: the company of the installation. */
  company: string;
  orderId: string;
  /** 0: no release; EAST heard of the order from us otherwise, or not at all. */
  ordinal: number;
  /** Names of the lines 1, 2, …; absent where EAST's numbers are the names. */
  lineIds?: string[];
}

export function writeReference({ company, orderId, ordinal, lineIds }: Reference): string {
  const owner = company === "" ? "" : `${escapeSigns(company)}!`;
  const names = lineIds === undefined ? "" : `~${lineIds.map(escapeSigns).join(",")}`;
  return `${owner}${escapeSigns(orderId)}-R${ordinal}${names}`;
}

const OURS = /^(?:([^!]+)!)?([^!~]+)-R(\d{1,6})(?:~(.*))?$/;

/** A number that we did not give is an order of somebody else's, under its own name. */
export function readReference(text: string): Reference {
  const parts = OURS.exec(text);
  const foreign = { company: "", orderId: text, ordinal: 0 };
  if (parts === null) return foreign;
  const [, company = "", orderId = "", ordinal, names] = parts;
  try {
    const read = { company: decodeURIComponent(company), orderId: decodeURIComponent(orderId) };
    const lineIds = names === undefined ? undefined : names.split(",").map(decodeURIComponent);
    return { ...read, ordinal: Number(ordinal), ...(lineIds === undefined ? undefined : { lineIds }) };
  } catch (error) {
    // No escape of ours: a percent sign of somebody else's.
    if (error instanceof URIError) return foreign;
    throw error;
  }
}

/** Empty where EAST named no line of ours. */
export function lineIdOf(reference: Reference, lineNo: string): string {
  if (reference.lineIds === undefined) return lineNo;
  return reference.lineIds[Number(lineNo) - 1] ?? "";
}

/** EAST's numbers of our lines, and their names where those are no such numbers. */
export function numberLines(lineIds: readonly string[]): { numbers: number[]; lineIds?: string[] } {
  if (lineIds.every((lineId) => /^[1-9]\d{0,14}$/.test(lineId))) return { numbers: lineIds.map(Number) };
  return { numbers: lineIds.map((_, index) => index + 1), lineIds: [...lineIds] };
}

/** The release's number is at the end of the delivery's key: `main/4711@EAST#2`. */
export function ordinalOf(key: string): number | undefined {
  const digits = /#(\d{1,6})$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function escapeSigns(text: string): string {
  return text.replace(/[^ -~]|[%!~,]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join(""),
  );
}
