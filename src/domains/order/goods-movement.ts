// The goods movements that shipments and returned goods are, as facts of the SKU, said by whoever reported them.
// A movement's number is the same whenever it is worked out again, and unique in the company: partners count their
// shipments alike, and one shipment may hold lines of several orders.
import { crc32c } from "../../core/crc32c.ts";
import { type Decimal, formatDecimal } from "../../core/decimal.ts";
import { parseTime, type Time } from "../../core/time.ts";
import type { NewEvent } from "../event.ts";
import { stockKey } from "../key.ts";

export interface GoodsMoved {
  company: string;
  source: string;
  orderId: string;
  /** The shipment's or return's number. */
  number: string;
  location: string;
  lineId: string;
  sku: string;
  /** Above zero. Base units, or `unit`. */
  quantity: Decimal;
  /** Empty: not stated. */
  unit: string;
  time: Time;
  /** Tells further quantities of a line under one number apart. */
  part?: string;
  /** Whether it belongs to the order: then the reservation ends with it, and the ledger may bill or credit it. */
  isOrdered: boolean;
  note?: string;
  /** Of what came back: `held` where it is not said. */
  status?: "held" | "available";
}

/** Out of available stock. */
export function goodsIssue(moved: GoodsMoved): NewEvent {
  const order = { orderId: moved.orderId, lineId: moved.lineId, shipmentId: moved.number };
  return movement(moved, {
    quantity: formatDecimal(-moved.quantity),
    reason: "issue",
    document: moved.orderId,
    ...(moved.isOrdered ? { order } : undefined),
  });
}

/** Into held stock, until somebody has looked at the goods, or where the place says that it put them. */
export function goodsReturn(moved: GoodsMoved): NewEvent {
  return movement(moved, {
    status: moved.status ?? "held",
    quantity: formatDecimal(moved.quantity),
    reason: "return",
    document: moved.number,
    ...(moved.isOrdered ? { order: { orderId: moved.orderId, lineId: moved.lineId } } : undefined),
  });
}

function movement(moved: GoodsMoved, data: Record<string, unknown>): NewEvent {
  const time = parseTime(moved.time);
  return {
    type: "inventory.movement.recorded",
    source: moved.source,
    company: moved.company,
    key: stockKey(moved.company, moved.sku),
    time,
    data: {
      sku: moved.sku,
      location: moved.location,
      movementId: movementId(moved),
      ...(moved.unit === "" ? undefined : { unit: moved.unit }),
      ...(moved.note === undefined ? undefined : { note: moved.note }),
      occurredAt: time,
      ...data,
    },
  };
}

const ID_LENGTH_MAX = 128;

function movementId(moved: GoodsMoved): string {
  const { location, number, orderId, lineId, sku, part, isOrdered } = moved;
  const which = part === undefined ? "" : `@${part}`;
  const id = `${location}/${number}/${orderId}/${lineId}${which}${isOrdered ? "" : `+${sku}`}`;
  if (id.length <= ID_LENGTH_MAX) return id;
  const hash = crc32c(id).toString(16).padStart(8, "0");
  return `${id.slice(0, ID_LENGTH_MAX - 9)}~${hash}`;
}
