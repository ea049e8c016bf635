// What WEST does with the files it finds: orders, cancels, return advice and purchase advice. Each order
// is answered by a row in the next ACK file; a file that is not whole is refused as a file.

import { scheduleReturn } from "../simulation/floor-control.ts";
import { type InKind, type ParsedFile, parseFile, type Row, readSigned } from "./file-format.ts";
import type { WestWarehouse } from "./warehouse.ts";

export type AckResult = "OK" | "DUP" | "REJ" | "LATE" | "UNK";

export function takeFiles(warehouse: WestWarehouse): void {
  for (const { name, kind, content } of warehouse.folder.waiting()) {
    const parsed: ParsedFile = parseFile(content, kind);
    if (parsed.ok) {
      takeRows(warehouse, name, kind, parsed.rows);
      warehouse.folder.file(name, "done");
    } else {
      warehouse.acknowledge(name, "", "REJ", parsed.reason);
      warehouse.folder.file(name, "bad");
    }
  }
}

const keyColumns: Record<InKind, string> = { ORD: "ORDER", CAN: "ORDER", RAD: "ADVICE", ASN: "PO" };

function takeRows(warehouse: WestWarehouse, file: string, kind: InKind, rows: Row[]): void {
  const groups = Map.groupBy(rows, (row) => row[keyColumns[kind]] ?? "");
  for (const [key, group] of groups) {
    const [result, reason] = key === "" ? (["REJ", "NO NUMBER"] as const) : take(warehouse, kind, key, group);
    warehouse.acknowledge(file, key, result, reason);
  }
}

function take(warehouse: WestWarehouse, kind: InKind, key: string, rows: Row[]): [AckResult, string] {
  if (kind === "CAN") return takeCancel(warehouse, key);
  if (warehouse.faults.hit("rowErrors")) return ["REJ", "BUSY"];
  if (kind === "ORD") return takeOrder(warehouse, key, rows);
  return takeNotice(warehouse, kind, key, rows);
}

function takeOrder(warehouse: WestWarehouse, number: string, rows: Row[]): [AckResult, string] {
  if (warehouse.floor.orders.has(number)) return ["DUP", "ORDER KNOWN"];
  const seen = new Set<string>();
  const lines = [];
  for (const row of rows) {
    const line = row.LINE ?? "";
    const sku = row.ARTICLE ?? "";
    const quantity = readSigned(row.QTY ?? "");
    if (line === "" || seen.has(line)) return ["REJ", `BAD LINE ${line}`];
    if (!warehouse.floor.stock.has(sku)) return ["REJ", `ARTICLE ${sku}`];
    if (!(quantity > 0)) return ["REJ", `BAD QTY ${row.QTY ?? ""}`];
    seen.add(line);
    lines.push({ line, sku, quantity });
  }
  const first = rows[0] as Row;
  const order = warehouse.floor.submit(number, lines, first.PARTIAL !== "N");
  warehouse.consignees.set(order.key, {
    name: first.NAME ?? "",
    country: first.COUNTRY ?? "",
    due: first.DUE ?? "",
  });
  return ["OK", ""];
}

function takeCancel(warehouse: WestWarehouse, number: string): [AckResult, string] {
  const order = warehouse.floor.orders.get(number);
  if (!order) return ["UNK", "ORDER UNKNOWN"];
  if (order.state === "cancelled") return ["DUP", "CANCELLED BEFORE"];
  return warehouse.floor.cancel(order) ? ["OK", "CANCELLED"] : ["LATE", "PICKED"];
}

function takeNotice(
  warehouse: WestWarehouse,
  kind: "RAD" | "ASN",
  reference: string,
  rows: Row[],
): [AckResult, string] {
  const noticeKind = kind === "RAD" ? "return" : "inbound";
  if (warehouse.dock.notices[noticeKind].has(reference)) return ["DUP", "ADVICE KNOWN"];
  const lines = rows.map((row) => ({
    line: row.LINE ?? "",
    sku: row.ARTICLE ?? "",
    quantity: readSigned(row.QTY ?? ""),
  }));
  const wrong = lines.find((line) => line.sku === "" || !(line.quantity > 0));
  if (wrong) return ["REJ", `BAD LINE ${wrong.line}`];
  const first = rows[0] as Row;
  warehouse.dock.announce(noticeKind, {
    reference,
    ...(first.ORDER ? { order: first.ORDER } : {}),
    ...(first.DUE ? { expectedOn: first.DUE } : {}),
    lines,
  });
  if (noticeKind === "return")
    scheduleReturn(warehouse.dock, warehouse.agenda, warehouse.settings, reference);
  return ["OK", ""];
}
