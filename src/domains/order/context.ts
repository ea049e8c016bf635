// What a decision about an order may look at beside the order itself.
import type { Time } from "../../core/time.ts";
import type { StockPolicy } from "../inventory/policy.ts";
import type { StockItem } from "../inventory/state.ts";
import type { AllocationPolicy, OrderPolicy } from "./policy.ts";

export interface OrderContext {
  /** The database's time of the transaction. */
  now: Time;
  allocation: AllocationPolicy;
  orders: OrderPolicy;
  stockPolicy: StockPolicy;
  /** location → system that ships from it. */
  owners: Record<string, string>;
  /** The system where orders are booked; absent: none is. */
  ledger?: string;
  /** Current state of the SKUs that the event needs (neededSkus), already changed by earlier decisions. */
  stock(sku: string): StockItem;
  /** Another order of the same customer with the same purchase order number, where there is one. */
  duplicateOf?: { orderId: string; channel: string };
}
