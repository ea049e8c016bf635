// Asks a system through its own HTTP API. A busy or ill system is asked again for a while; one that refuses or
// never answers whole throws `books.unreadable` with what was asked. Numbers in JSON stay as their source text.
import { setTimeout as delay } from "node:timers/promises";
import { BooksError } from "./failure.ts";

export interface Asked {
  name: string;
  /** Without a slash at the end. */
  url: string;
  headers: Record<string, string>;
}

const ATTEMPT_MS = 15_000;
const GIVE_UP_MS = 45_000;
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 2_000;

/** `path` may be a whole address, as a system's own link to its next page is. */
export async function ask(system: Asked, path: string, init: RequestInit = {}): Promise<unknown> {
  const address = new URL(path, `${system.url}/`).href;
  const deadline = Date.now() + GIVE_UP_MS;
  for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(RETRY_LAST_MS, waitMs * 2)) {
    const { value, fault, retryMs } = await attempt(system, address, init);
    if (fault === undefined) return value;
    if (retryMs === undefined || Date.now() + waitMs > deadline) {
      throw new BooksError("books.unreadable", `${system.name} cannot be read: ${fault.message}`, {
        cause: fault,
      });
    }
    await delay(Math.max(waitMs, retryMs));
  }
}

interface Attempt {
  value?: unknown;
  fault?: Error;
  /** Absent: asking again will not help. */
  retryMs?: number;
}

async function attempt(system: Asked, address: string, init: RequestInit): Promise<Attempt> {
  let status: number;
  let text: string;
  let retryAfter: string | null;
  try {
    const headers = { ...system.headers, ...(init.headers as Record<string, string> | undefined) };
    const response = await fetch(address, { ...init, headers, signal: AbortSignal.timeout(ATTEMPT_MS) });
    status = response.status;
    retryAfter = response.headers.get("retry-after");
    text = await response.text();
  } catch (error) {
    return { fault: new Error(`${address} gave no answer`, { cause: error }), retryMs: 0 };
  }
  if (status !== 200) {
    const fault = new Error(`${address} answered ${status}: ${text.slice(0, 200)}`);
    if (status === 429) return { fault, retryMs: Number(retryAfter ?? 0) * 1000 };
    return status >= 500 ? { fault, retryMs: 0 } : { fault };
  }
  try {
    return { value: parseKeepingDigits(text) };
  } catch (error) {
    return { fault: new Error(`${address} answered what is no JSON`, { cause: error }), retryMs: 0 };
  }
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** 0.335 stays "0.335": a price must not pass through a float. */
export function parseKeepingDigits(text: string): unknown {
  const keep: Reviver = (_key, value, { source }) =>
    typeof value === "number" ? (source ?? String(value)) : value;
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}
