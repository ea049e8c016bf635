// The native records of Tradefront: camelCase, prices as decimal texts, times to the millisecond.

export interface PortalItem {
  pos: number;
  articleNo: string;
  title: string | null;
  qty: number;
  unitPrice: string;
}

interface StatusEntry {
  status: string;
  note: string | null;
  lines: unknown[];
  at: string;
}

export interface PortalOrder {
  orderNo: string;
  buyer: { code: string | null; name: string | null; country: string | null };
  poNumber: string | null;
  currency: string;
  placedAt: string;
  /** What the buyer says about when the order was made, where it differs from placedAt. */
  orderedAt: string | null;
  total: string;
  items: PortalItem[];
  charges: Array<{ kind: string; label: string | null; amount: string }>;
  status: string;
  statusHistory: StatusEntry[];
  acknowledged: boolean;
}

export interface PortalRequest {
  requestNo: string;
  orderNo: string;
  requestedAt: string;
  reason: string | null;
  /** Empty for a cancel of the whole order. */
  items: Array<{ pos: number; articleNo: string; qty: number }>;
  acknowledged: boolean;
}

export interface SellableRow {
  articleNo: string;
  sellable: number;
  expectedOn: string | null;
  updates: number;
  updatedAt: string;
}
