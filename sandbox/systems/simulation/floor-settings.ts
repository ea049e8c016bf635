// How fast and how well a simulated warehouse works; changed by `POST /control/settings`.

export interface FloorSettings {
  pickDelayMs: number;
  shipDelayMs: number;
  deliverDelayMs: number;
  /** Lines that leave together; a longer order leaves in several shipments. */
  waveLinesMax: number;
  /** Share of picked lines where the shelf holds less than the books say. */
  shortPickRate: number;
  /** Announced returns come in by themselves after this delay; null: only on command. */
  returnDelayMs: number | null;
  returnCondition: string;
}

export function defaultFloorSettings(): FloorSettings {
  return {
    pickDelayMs: 150,
    shipDelayMs: 150,
    deliverDelayMs: 500,
    waveLinesMax: 12,
    shortPickRate: 0,
    returnDelayMs: null,
    returnCondition: "available",
  };
}
