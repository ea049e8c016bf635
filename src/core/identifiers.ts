// GS1 numbers by their check digit, and the business key `company/key` that is unique in one installation.
// An empty part, or a text that no business key writes, throws.
import { CrossdockError } from "./errors.ts";
import { excerpt } from "./excerpt.ts";

/** GTIN-8, GTIN-12 (UPC), GTIN-13 (EAN) or GTIN-14, with a right check digit. */
export function isGtin(text: string): boolean {
  const { length } = text;
  return (length === 8 || length === 12 || length === 13 || length === 14) && hasCheckDigit(text);
}

/** Global Location Number: 13 digits. */
export function isGln(text: string): boolean {
  return text.length === 13 && hasCheckDigit(text);
}

/** Serial Shipping Container Code: 18 digits. */
export function isSscc(text: string): boolean {
  return text.length === 18 && hasCheckDigit(text);
}

/** From the right, every second digit counts three times; the sum with the check digit ends in zero. */
function hasCheckDigit(text: string): boolean {
  let sum = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return false;
    sum += (text.length - index) % 2 === 0 ? digit * 3 : digit;
  }
  return sum % 10 === 0;
}

export function businessKey(company: string, key: string): string {
  if (company === "" || key === "") {
    throw new CrossdockError("identifier.invalid-key", "A business key needs a company and a key.");
  }
  return `${escapePart(company)}/${escapePart(key)}`;
}

export function splitBusinessKey(text: string): { company: string; key: string } {
  const slash = text.indexOf("/");
  const company = text.slice(0, Math.max(slash, 0));
  const key = text.slice(slash + 1);
  if (company === "" || key === "" || key.includes("/") || /%(?!25|2F)/.test(text)) {
    throw new CrossdockError("identifier.invalid-key", `${excerpt(text)} is not a business key company/key.`);
  }
  return { company: unescapePart(company), key: unescapePart(key) };
}

function escapePart(part: string): string {
  if (!part.includes("/") && !part.includes("%")) return part;
  return part.replaceAll("%", "%25").replaceAll("/", "%2F");
}

function unescapePart(part: string): string {
  if (!part.includes("%")) return part;
  return part.replaceAll("%2F", "/").replaceAll("%25", "%");
}
