// Figures as people read them: counts in groups of three, durations by their two largest units, times of a day.
import { differenceMs, type Time } from "../core/time.ts";

export const count = (value: number): string => value.toLocaleString("en-GB");

/** An exact decimal, its integer digits in groups of three: `-12,345.67`. */
export function grouped(decimal: string): string {
  const [integer = "", fraction] = decimal.split(".");
  const whole = integer.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? whole : `${whole}.${fraction}`;
}

/** `4m12s`, `2h`, `340ms` */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const seconds = Math.floor(ms / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value}${unit}`)
    .join("");
}

export function age(since: Time | null, now: Time): string {
  return since === null ? "never" : `${duration(Math.max(0, differenceMs(now, since)))} ago`;
}

/** `2026-11-24 07:58:01` in UTC */
export const instant = (time: Time): string => `${time.slice(0, 10)} ${time.slice(11, 19)}`;

/** `07:58:01.123` in UTC */
export const clock = (time: Time): string => time.slice(11, 23);

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
