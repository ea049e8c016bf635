// An order in money, in its own currency. Each line is rounded once, half up, to the minor unit; a figure that
// would not fit fifteen integer digits is the largest that does.
import { type Decimal, divideRounded, maxDecimal, SCALE, ZERO } from "../../core/decimal.ts";
import { CrossdockError } from "../../core/errors.ts";
import { lineAmount, minorDigits } from "../../core/money.ts";
import type { Order, OrderCharge, OrderLine } from "./state.ts";
import { isAccepted } from "./status.ts";
import { lineUnits } from "./units.ts";

const LARGEST: Decimal = 10n ** 21n - 1n;

/** What some base units of a line cost. The price is per `priceUnit` units of the ordered unit. */
export function amountOf(order: Order, line: OrderLine, units: Decimal): Decimal {
  const isBase = line.ordered === line.quantity;
  return limited(() =>
    lineAmount({
      quantity: isBase ? units : units * line.ordered,
      price: line.price,
      priceUnit: BigInt(line.priceUnit) * (isBase ? SCALE : line.quantity * SCALE),
      currency: order.currency,
    }),
  );
}

export const lineTotal = (order: Order, line: OrderLine): Decimal => amountOf(order, line, line.quantity);

export function chargeAmount(order: Order, charge: OrderCharge): Decimal {
  const digits = minorDigits(order.currency);
  return limited(() => divideRounded(charge.amount, 1n, digits));
}

/** As ordered, charges included. */
export function orderTotal(order: Order): Decimal {
  let sum = ZERO;
  for (const line of order.lines) sum += lineTotal(order, line);
  for (const charge of order.charges) sum += chargeAmount(order, charge);
  return limit(sum);
}

/** What is neither cancelled nor invoiced yet: the money at risk in an order that is stuck. */
export function openValue(order: Order): Decimal {
  let sum = ZERO;
  const accepted = isAccepted(order) || order.status === "held" || order.status === "submitted";
  for (const line of order.lines) {
    const { open } = lineUnits(line, accepted);
    if (open > ZERO) sum += amountOf(order, line, open);
  }
  for (const charge of order.charges) if (!charge.invoiced) sum += chargeAmount(order, charge);
  return limit(maxDecimal(ZERO, sum));
}

function limited(amount: () => Decimal): Decimal {
  try {
    return amount();
  } catch (error) {
    if (error instanceof CrossdockError && error.code === "decimal.out-of-range") return LARGEST;
    throw error;
  }
}

export const limit = (sum: Decimal): Decimal => (sum > LARGEST ? LARGEST : sum < -LARGEST ? -LARGEST : sum);

/** Whether a line's or the order's value would have more than fifteen integer digits. */
export function exceedsRange(order: Order): boolean {
  return orderTotal(order) === LARGEST;
}
