// Why an order is served from where it is, in sentences with figures, for whoever asks later. At most SENTENCES_MAX
// lines are told one by one.
import { type Decimal, formatDecimal, ZERO } from "../../core/decimal.ts";

/** What kept a place from serving everything: too little of a SKU, or a refusal. */
export type Gap =
  | { location: string; sku: string; had: Decimal; need: Decimal }
  | { location: string; sku: string; refused: true };

export interface ServedLine {
  lineId: string;
  sku: string;
  quantity: Decimal;
  pieces: { location: string; quantity: Decimal }[];
}

const SENTENCES_MAX = 20;

export function explainOnePlace(location: string, gaps: readonly Gap[]): string[] {
  return [sentence([...gaps.map(tellGap), `${location} had everything`])];
}

/** `held`: the order ships complete and cannot yet, so that it takes nothing. */
export function explainPlaces(lines: readonly ServedLine[], gaps: readonly Gap[], held: boolean): string[] {
  const places = [...new Set(lines.flatMap((line) => line.pieces.map((piece) => piece.location)))];
  const whole = lines.every((line) => line.pieces.length === 1 && line.pieces[0]!.quantity === line.quantity);
  if (whole && places.length === 1) return explainOnePlace(places[0]!, gaps);
  const odd = lines.filter((line) => line.pieces.length !== 1 || line.pieces[0]!.quantity !== line.quantity);
  const told = odd.slice(0, SENTENCES_MAX).map((line) => tellLine(line, held));
  if (odd.length > told.length) told.push(`So it is with ${odd.length - told.length} more lines.`);
  if (held) told.push("The order ships complete, so all of it waits.");
  else if (places.length > 0 && lines.length > 1) told.push(summary(lines, places));
  return told;
}

/** "Held before: 10 A at EAST, 4 B at WEST." */
export function explainKept(
  what: string,
  units: readonly { sku: string; location: string; quantity: Decimal }[],
): string[] {
  if (units.length === 0) return [];
  const told = units
    .slice(0, SENTENCES_MAX)
    .map(({ sku, location, quantity }) => `${formatDecimal(quantity)} ${sku} at ${location}`);
  const more = units.length - told.length;
  return [sentence([`${what}: ${told.join(", ")}${more > 0 ? ` and ${more} more` : ""}`])];
}

/** "Line 1, A: 4 of 10 are available." */
export function explainMissing(
  asked: readonly { lineId: string; sku: string; quantity: Decimal }[],
  missing: readonly { lineId: string; sku: string; quantity: Decimal }[],
): string {
  const short = new Map(missing.map((line) => [line.lineId, line.quantity]));
  const told = asked.flatMap(({ lineId, sku, quantity }) => {
    const lacking = short.get(lineId);
    if (lacking === undefined) return [];
    return [
      `Line ${lineId}, ${sku}: ${formatDecimal(quantity - lacking)} of ${formatDecimal(quantity)} are available`,
    ];
  });
  return sentence(told);
}

function tellGap(gap: Gap): string {
  if ("refused" in gap) return `${gap.location} refused ${gap.sku}`;
  return `${gap.location} had ${formatDecimal(gap.had)} of ${formatDecimal(gap.need)} ${gap.sku}`;
}

/** "EAST had 4 of 10; WEST the rest" */
function tellLine({ lineId, sku, quantity, pieces }: ServedLine, held: boolean): string {
  const asked = formatDecimal(quantity);
  let left = quantity;
  for (const piece of pieces) left -= piece.quantity;
  const about = `Line ${lineId}, ${sku}:`;
  if (pieces.length === 0) return `${about} none of ${asked} is available; all wait for stock.`;
  const rest = left === ZERO ? pieces.at(-1) : undefined;
  const had = pieces
    .filter((piece) => piece !== rest)
    .map(({ location, quantity: units }, index) =>
      index === 0
        ? `${location} had ${formatDecimal(units)} of ${asked}`
        : `${location} ${formatDecimal(units)}`,
    )
    .join(", ");
  if (rest !== undefined) return sentence([`${about} ${had}`, `${rest.location} the rest`]);
  return sentence([`${about} ${had}`, held ? "too few" : `${formatDecimal(left)} wait for stock`]);
}

function summary(lines: readonly ServedLine[], places: readonly string[]): string {
  const counts = places.map((place) => {
    const count = lines.filter((line) => line.pieces.some((piece) => piece.location === place)).length;
    return `${place} serves ${count} ${count === 1 ? "line" : "lines"}`;
  });
  return sentence([counts.join(", ")]);
}

const LENGTH_MAX = 1000;

/** As long as an explanation may be, cut off visibly. */
export function sentence(parts: readonly string[]): string {
  const text = `${parts.join("; ")}.`;
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX - 1)}…` : text;
}
