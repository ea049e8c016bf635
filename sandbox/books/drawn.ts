// What the equations are drawn from.
import type { Facts } from "./facts.ts";
import type { Figures } from "./figures.ts";
import type { Expected } from "./input.ts";
import type { Trace } from "./trace.ts";

/** Units that the portal does not get of what may be promised: the most exact rule of a SKU holds. */
export interface Buffer {
  /** Absent: any. */
  sku?: string;
  /** Units. */
  quantity?: string;
  /** Hundredths of what may be promised. */
  percent?: string;
}

export interface Drawn {
  expected: Expected;
  facts: Facts;
  trace: Trace;
  figures: Figures;
  buffers: readonly Buffer[];
  /** YYYY-MM-DD in UTC. */
  today: string;
}
