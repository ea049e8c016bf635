// What the numbered rows of WEST mean. Rows of one shipment, short pick or return are one event; a row that came twice
// under another file's name is the same event again.
import type { MappedEvent } from "../../../src/connector/index.ts";
import { bad, numberOf, statusOf, textOf, textOr, timeOf, unitsAboveZero, unitsOf } from "./cells.ts";
import type { OutKind, WestRow } from "./file-format.ts";
import type { FileContext, Good } from "./map-file.ts";
import { type Reference, readCell, readReference } from "./reference.ts";

type RowMapping = (context: FileContext, good: Good) => MappedEvent[];

export const rowMappings: Partial<Record<string, RowMapping>> = {
  SHP: mapShipped,
  RCV: mapReceipts,
  ADJ: mapAdjustments,
  RET: mapReturns,
  ACK: mapAnswers,
} satisfies Partial<Record<OutKind, RowMapping>>;

interface OrderLine {
  lineId: string;
  sku: string;
  quantity: string;
}

/** Events that gather lines over several rows, in the order of their first one. */
class Gathered {
  readonly events: MappedEvent[] = [];
  private readonly lines = new Map<string, OrderLine[]>();

  add(type: string, key: string, line: OrderLine, data: Record<string, unknown>, id?: string): void {
    const held = this.lines.get(`${type} ${key}`);
    if (held !== undefined) {
      held.push(line);
      return;
    }
    const lines = [line];
    this.lines.set(`${type} ${key}`, lines);
    this.events.push({ type, data: { ...data, lines }, ...(id === undefined ? undefined : { id }) });
  }
}

function mapShipped(context: FileContext, good: Good): MappedEvent[] {
  const { file, clock, location } = context;
  const gathered = new Gathered();
  for (const row of file.rows) {
    good(row, () => {
      const order = textOf(row, "ORDER");
      const about = orderOf(readReference(order));
      const at = timeOf(row, clock);
      switch (textOf(row, "STATUS")) {
        case "SHP": {
          const shipmentId = textOf(row, "SHIPMENT");
          const carrier = textOr(row, "CARRIER");
          const head = { ...about, shipmentId, location, shippedAt: at };
          const data = carrier === "" ? head : { ...head, carrier };
          gathered.add("shipment.shipped", `${order};${shipmentId}`, lineOf(row), data);
          break;
        }
        case "SHT": {
          const data = { ...about, location, reportedAt: at };
          gathered.add("order.pick.short", `${order};${at}`, lineOf(row), data);
          break;
        }
        case "DLV": {
          const data = { ...about, shipmentId: textOf(row, "SHIPMENT"), deliveredAt: at };
          gathered.events.push({ type: "shipment.delivered", data });
          break;
        }
        default:
          throw bad("STATUS", `${JSON.stringify(textOf(row, "STATUS"))} is none of SHP, DLV, SHT`);
      }
    });
  }
  return gathered.events;
}

function mapReceipts({ file, clock, location }: FileContext, good: Good): MappedEvent[] {
  return each(file.rows, good, (row) => {
    const document = textOf(row, "PO");
    const line = textOr(row, "LINE");
    return movement(row, location, {
      quantity: unitsAboveZero(row, "QTY"),
      reason: "receipt",
      occurredAt: timeOf(row, clock),
      document,
      ...(line === "" ? undefined : { inbound: { document, line } }),
    });
  });
}

function mapAdjustments({ file, clock, location }: FileContext, good: Good): MappedEvent[] {
  return each(file.rows, good, (row) =>
    movement(row, location, {
      quantity: String(unitsOf(row, "QTY")),
      reason: "adjustment",
      note: textOr(row, "REASON"),
      occurredAt: timeOf(row, clock),
    }),
  );
}

function movement(row: WestRow, location: string, data: Record<string, unknown>): MappedEvent {
  return {
    type: "inventory.movement.recorded",
    // The row's number: a file that comes again under another name says the same.
    id: numberOf(row),
    data: {
      sku: textOf(row, "ARTICLE"),
      location,
      status: statusOf(row),
      movementId: `${location}/row/${numberOf(row)}`,
      ...data,
    },
  };
}

/** Goods that name no order come under the number they were announced with: somebody has to find theirs. */
function mapReturns({ file, clock, location }: FileContext, good: Good): MappedEvent[] {
  const gathered = new Gathered();
  for (const row of file.rows) {
    good(row, () => {
      const receipt = textOf(row, "RETURN");
      const advice = textOr(row, "ADVICE") || receipt;
      const reference = readReference(textOr(row, "ORDER") || advice);
      const returnId = readReference(advice).orderId;
      const data = { ...orderOf(reference), returnId, location, receivedAt: timeOf(row, clock) };
      statusOf(row);
      gathered.add("return.received", receipt, lineOf(row), data, `${receipt}/${numberOf(row)}`);
    });
  }
  return gathered.events;
}

/** Answers to releases. Those to cancellations and advice are waited for where they were sent. */
function mapAnswers({ file, clock, location }: FileContext, good: Good): MappedEvent[] {
  return each(file.rows, good, (row) => {
    const order = textOr(row, "ORDER");
    if (!textOf(row, "FILE").startsWith("ORD_") || order === "") return undefined;
    const reference = readReference(order);
    if (reference.ordinal === 0) return undefined;
    const time = timeOf(row, clock);
    const about = { ...orderOf(reference), location };
    const reason = textOr(row, "REASON");
    switch (textOf(row, "RESULT")) {
      case "OK":
        return { type: "order.release.confirmed", data: { ...about, document: order, confirmedAt: time } };
      case "REJ": {
        // Busy for now: it is sent again.
        if (reason === "BUSY") return undefined;
        return { type: "order.release.refused", data: { ...about, code: "west.rejected", reason }, time };
      }
      case "DUP":
        return undefined;
      default:
        throw bad("RESULT", `${JSON.stringify(textOf(row, "RESULT"))} is no answer to an order`);
    }
  });
}

function each(
  rows: readonly WestRow[],
  good: Good,
  map: (row: WestRow) => MappedEvent | undefined,
): MappedEvent[] {
  return rows.flatMap((row) => good(row, () => map(row)) ?? []);
}

function lineOf(row: WestRow): OrderLine {
  return {
    lineId: readCell(textOr(row, "LINE")) || "unknown",
    sku: textOf(row, "ARTICLE"),
    quantity: unitsAboveZero(row, "QTY"),
  };
}

function orderOf({ company, orderId }: Reference): { orderId: string; company?: string } {
  return company === "" ? { orderId } : { orderId, company };
}
