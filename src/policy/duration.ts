// Durations as people write them, "5s", "1m", "24h", "1h30m", in milliseconds. Anything else throws.
import { CrossdockError } from "../core/errors.ts";
import { excerpt } from "../core/excerpt.ts";

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const GRAMMAR = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
/** Ten years: longer is a mistyped unit, and the sum stays far from where numbers lose digits. */
const LONGEST_MS = 3_660 * UNIT_MS.d;

export function parseDuration(text: string): number {
  const parts = typeof text === "string" && text !== "" ? GRAMMAR.exec(text) : null;
  if (parts === null) {
    throw new CrossdockError(
      "duration.invalid",
      `${excerpt(text)} is no duration: write a whole number and a unit, such as "500ms", "5s", "1m", "24h" or "7d".`,
    );
  }
  const [days, hours, minutes, seconds, milliseconds] = parts.slice(1).map((digits) => Number(digits ?? 0));
  const ms =
    days! * UNIT_MS.d + hours! * UNIT_MS.h + minutes! * UNIT_MS.m + seconds! * UNIT_MS.s + milliseconds!;
  if (ms > LONGEST_MS)
    throw new CrossdockError("duration.invalid", `${excerpt(text)} is longer than ten years.`);
  return ms;
}

/** The shortest text that reads back to the same: 90,000 is "1m30s". */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let rest = ms;
  let text = "";
  for (const [unit, unitMs] of Object.entries(UNIT_MS).sort(([, a], [, b]) => b - a)) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}
