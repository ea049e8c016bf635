// What a goods movement is in the ERP's books: its type, its sign, its stock. Pure.
import type { MovementPayload } from "../../../src/connector/index.ts";
import { type Decimal, formatDecimal, parseDecimal, ZERO } from "../../../src/core/decimal.ts";

export interface Posting {
  type: "101" | "551" | "552" | "601" | "651" | "343" | "344";
  /** Above zero. */
  quantity: string;
  stock: "FREE" | "BLOCKED";
  /** Adjustments say why. */
  reason?: string;
}

/** Nothing where the ledger has nothing to book. */
export function postingOf(payload: MovementPayload): Posting | undefined {
  const quantity = parseDecimal(payload.quantity);
  if (quantity === ZERO) return undefined;
  const posting = {
    quantity: formatDecimal(quantity < ZERO ? -quantity : quantity),
    stock: stockOf(payload.status),
  };
  const adjust = (reason: string): Posting => ({ ...posting, type: quantity < ZERO ? "551" : "552", reason });
  const { note } = payload;
  switch (payload.reason) {
    case "issue":
      return quantity < ZERO ? { ...posting, type: "601" } : adjust(note || "ISSUE-REVERSED");
    case "receipt":
      return quantity > ZERO ? { ...posting, type: "101" } : adjust(note || "RECEIPT-REVERSED");
    case "return":
      return quantity > ZERO ? { ...posting, type: "651" } : adjust(note || "RETURN-REVERSED");
    case "status-change":
      return statusChange(payload.status, quantity, posting);
    // Its own transfer posting moves both sides at once; we are told of each side by itself, some time apart.
    case "transfer-out":
      return adjust(note || "TRANSFER-OUT");
    case "transfer-in":
      return adjust(note || "TRANSFER-IN");
    case "damage":
      return adjust(note || "DAMAGED");
    default:
      return adjust(note || "UNSTATED");
  }
}

const stockOf = (status: string): Posting["stock"] => (status === "available" ? "FREE" : "BLOCKED");

/** Two movements say it, out of the one stock and into the other; the one of the blocked stock is booked. */
function statusChange(
  status: string,
  quantity: Decimal,
  posting: Pick<Posting, "quantity" | "stock">,
): Posting | undefined {
  if (status === "available") return undefined;
  return { ...posting, type: quantity > ZERO ? "344" : "343" };
}
