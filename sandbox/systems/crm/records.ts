// The native records of Relata: snake_case, times as "2026-11-24T07:00:00.000+0000" in whole seconds.

export interface CrmSettings {
  tokenTtlMs: number;
}

export interface Modified {
  id: string;
  created_date: string;
  last_modified_date: string;
  /** Counts the changes of this record, 1 when it was made. */
  revision: number;
}

export interface Account extends Modified {
  name: string;
  account_number: string | null;
  billing_country: string | null;
  owner_name: string | null;
  credit_hold: boolean;
}

interface OrderLine {
  id: string;
  product_code: string;
  description: string | null;
  quantity: number;
  unit_price: number;
}

interface StatusNote {
  code: string;
  detail: string | null;
  set_at: string;
}

export interface CrmOrder extends Modified {
  order_number: string;
  account_id: string;
  stage: "draft" | "activated";
  customer_po: string | null;
  external_reference: string | null;
  ordered_at: string;
  currency_iso_code: string;
  owner_name: string | null;
  cancel_requested: boolean;
  cancel_reason: string | null;
  return_requests: ReturnRequest[];
  fulfilment_status: string | null;
  fulfilment_detail: string | null;
  status_history: StatusNote[];
  lines: OrderLine[];
}

interface ReturnRequest {
  id: string;
  requested_at: string;
  reason: string | null;
  lines: Array<{ line_id: string; quantity: number }>;
}

export function relataTime(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}.000+0000`;
}
