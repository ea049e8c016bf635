import { CrossdockError, localToUtc } from "../../connector/index.ts";

export function isZone(zone: string): boolean {
  try {
    localToUtc("2026-01-01 00:00:00", zone, "earlier");
    return true;
  } catch (error) {
    if (error instanceof CrossdockError) return false;
    throw error;
  }
}
