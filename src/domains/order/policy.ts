// What an installation says about orders: where goods are taken from, and what waits for what.

export interface AllocationPolicy {
  prefer: string[];
  overflow: string[];
  split: "minimise" | "allow" | "never";
}

export interface OrderPolicy {
  /** May an accepted order be released before the ledger booked it? */
  releaseBeforeBooking: boolean;
  /** Lines without stock wait for it (`backorder`) or are refused. */
  shortage: "backorder" | "reject";
  /** How long stock is held for who has not ordered yet, where he does not say it; and at most. */
  reservationExpiryMs: number;
  reservationExpiryMaxMs: number;
}
