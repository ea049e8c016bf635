// What an installation says about stock: the meaning of figures, what is never promised, what channels see.
import type { Decimal } from "../../core/decimal.ts";
import type { Ratio } from "../../core/unit.ts";

/** What a source's stock figure means (design, section 8). */
export interface FigureMeaning {
  /** `net`: its own confirmed allocations are already taken off. */
  quantity: "physical" | "net";
  /** The unit its figures come in, where it is always the same one per SKU; absent: as each message says. */
  unit?: string;
  /** A full set that would zero more than this share of the place's SKUs is held. */
  zeroShareMax: number;
}

export interface SourceClock {
  /** Two times closer than this are a tie. */
  resolutionMs: number;
  /** A time later than receipt plus this is quarantined. */
  skewMaxMs: number;
}

export interface StockPolicy {
  /** Units that are never promised, per SKU (`*`: any) and location (`*`: any). */
  safety: { sku: string; location: string; quantity: Decimal }[];
  /** Units or share kept from one channel. */
  buffers: { channel: string; sku: string; quantity: Decimal; percent: number }[];
  /** Channels whose own figures have their open orders taken off: they are told their reservations with what is free. */
  netting: string[];
  /** An observation older than `afterMs` widens the channels' buffer by `percent` of on hand. */
  ageing: { afterMs: number; percent: number }[];
  /** SKU → base unit and exact ratios of others, where no source defines them. */
  units: Record<string, { base: string; ratios: Record<string, Ratio> }>;
  baseUnit: string;
}
