// The state of warehouse WEST. Everything that happens becomes a numbered row and leaves with the next
// file of its kind; the numbers run over all kinds without a gap.

import { Agenda } from "../simulation/agenda.ts";
import { Dock, type Receipt } from "../simulation/dock.ts";
import type { FaultSwitch } from "../simulation/faults.ts";
import { type Condition, Floor, type FloorOrder, type Shipment } from "../simulation/floor.ts";
import { defaultFloorSettings, type FloorSettings } from "../simulation/floor-settings.ts";
import { seededRandom } from "../simulation/random.ts";
import { DropFolder } from "./drop-folder.ts";
import { type Encoding, type OutKind, type Row, signed } from "./file-format.ts";
import { type AckResult, takeFiles } from "./intake.ts";
import { LocalClock } from "./local-time.ts";

const LATE_ACK_MS = 15_000;

export interface WestSettings extends FloorSettings {
  /** How often `in/` is looked at. */
  scanMs: number;
  /** How often the rows that have gathered are written to files. */
  exportMs: number;
  /** How often a full stock set is written by itself; null: only on command. */
  stockSetMs: number | null;
  encoding: Encoding;
}

function defaultWestSettings(): WestSettings {
  return { ...defaultFloorSettings(), scanMs: 200, exportMs: 500, stockSetMs: null, encoding: "latin1" };
}

export interface WestRow {
  kind: OutKind;
  no: number;
  row: Row;
}

export class WestWarehouse {
  readonly settings = defaultWestSettings();
  readonly clock = new LocalClock("Europe/London");
  readonly faults: FaultSwitch;
  readonly agenda: Agenda;
  readonly floor: Floor;
  readonly dock: Dock;
  readonly folder: DropFolder;
  readonly consignees = new Map<string, { name: string; country: string; due: string }>();
  /** Every row ever, row n at index n − 1. */
  readonly rows: WestRow[] = [];
  private gathered = new Map<OutKind, Row[]>();
  private shipments = 0;
  private receipts = 0;
  private lastStockSetAt = Date.now();

  constructor(path: string, faults: FaultSwitch, seed: number) {
    this.faults = faults;
    this.agenda = new Agenda(() => faults.active("down") !== undefined);
    this.folder = new DropFolder(path, this.clock, faults, this.agenda, () => this.settings.encoding);
    this.floor = new Floor(
      {
        shipmentNumber: () => `LS${String(++this.shipments).padStart(8, "0")}`,
        // Picking is not reported; it only moves goods from ON_HAND to PICKED in the stock set.
        picked: () => {},
        shipped: (order, shipment) => this.shipped(order, shipment),
        delivered: (order, shipment) => this.delivered(order, shipment),
        short: (order) => this.short(order),
        adjusted: (sku, change, condition, reason) => this.adjusted(sku, change, condition, reason),
      },
      this.agenda,
      this.settings,
      seededRandom(seed),
    );
    this.dock = new Dock(this.floor, {
      receiptNumber: (kind) =>
        `${kind === "inbound" ? "WE" : "RE"}${String(++this.receipts).padStart(8, "0")}`,
      received: (receipt) => this.received(receipt),
    });
  }

  start(): void {
    this.folder.clear();
    this.scan();
    this.export();
  }

  clear(): void {
    this.agenda.clear();
    this.floor.clear();
    this.dock.clear();
    this.consignees.clear();
    this.rows.length = 0;
    this.gathered.clear();
    this.shipments = 0;
    this.receipts = 0;
    Object.assign(this.settings, defaultWestSettings());
    this.folder.clear();
    this.scan();
    this.export();
  }

  private scan(): void {
    const slowMs = this.faults.hit("slow")?.ms ?? 0;
    this.agenda.after(this.settings.scanMs + slowMs, () => {
      takeFiles(this);
      this.scan();
    });
  }

  private export(): void {
    this.agenda.after(this.settings.exportMs, () => {
      this.flush();
      const { stockSetMs } = this.settings;
      if (stockSetMs !== null && Date.now() - this.lastStockSetAt >= stockSetMs) this.writeStockSet();
      this.export();
    });
  }

  private flush(): void {
    const gathered = this.gathered;
    this.gathered = new Map();
    for (const [kind, rows] of gathered) this.folder.write(kind, rows, this.rows.length);
  }

  /** A full set of all articles as they stand now; rows that wait for their file are in it already. */
  writeStockSet(): number {
    const rows = [...this.floor.stock.values()].map((stock) => ({
      ARTICLE: stock.sku,
      DESCRIPTION: stock.description,
      ON_HAND: signed(stock.available - stock.picked),
      PICKED: signed(stock.picked),
      HELD: signed(stock.held),
      LAST_NO: String(stock.sequence),
      TIME: this.clock.text(stock.changedAt),
    }));
    this.lastStockSetAt = Date.now();
    this.folder.write("STK", rows, this.rows.length);
    return rows.length;
  }

  acknowledge(file: string, order: string, result: AckResult, reason: string): void {
    const row = {
      FILE: file,
      ORDER: order,
      RESULT: result,
      REASON: reason,
      TIME: this.clock.text(Date.now()),
    };
    const late = this.faults.hit("timeoutAfterEffect");
    if (late) this.agenda.after(late.ms ?? LATE_ACK_MS, () => this.add("ACK", row, []));
    else this.add("ACK", row, []);
  }

  adjusted(sku: string, change: number, condition: Condition, reason: string): void {
    const row = { ARTICLE: sku, QTY: signed(change), COND: conditionCode(condition), REASON: reason };
    this.add("ADJ", { ...row, TIME: this.clock.text(Date.now()) }, [sku]);
  }

  private add(kind: OutKind, row: Row, changedSkus: string[]): void {
    const no = this.rows.length + 1;
    const numbered = { NO: String(no), ...row };
    this.rows.push({ kind, no, row: numbered });
    this.floor.touch(changedSkus, no, Date.now());
    const rows = this.gathered.get(kind);
    if (rows) rows.push(numbered);
    else this.gathered.set(kind, [numbered]);
  }

  private shipped(order: FloorOrder, shipment: Shipment): void {
    const time = this.clock.text(shipment.shippedAt);
    for (const line of shipment.lines) {
      const row = {
        STATUS: "SHP",
        ORDER: order.key,
        SHIPMENT: shipment.number,
        LINE: line.line,
        ARTICLE: line.sku,
        QTY: signed(line.quantity),
        CARRIER: "WESTHAUL",
        TIME: time,
      };
      this.add("SHP", row, [line.sku]);
    }
  }

  private delivered(order: FloorOrder, shipment: Shipment): void {
    const time = this.clock.text(shipment.deliveredAt as number);
    const row = { STATUS: "DLV", ORDER: order.key, SHIPMENT: shipment.number, QTY: "0", CARRIER: "WESTHAUL" };
    this.add("SHP", { ...row, TIME: time }, []);
  }

  private short(order: FloorOrder): void {
    const time = this.clock.text(Date.now());
    for (const line of order.lines) {
      if (line.short === 0) continue;
      const row = {
        STATUS: "SHT",
        ORDER: order.key,
        LINE: line.line,
        ARTICLE: line.sku,
        QTY: signed(line.short),
      };
      this.add("SHP", { ...row, TIME: time }, []);
    }
  }

  private received(receipt: Receipt): void {
    const time = this.clock.text(receipt.receivedAt);
    for (const line of receipt.lines) {
      const common = {
        LINE: line.line ?? "",
        ARTICLE: line.sku,
        QTY: signed(line.quantity),
        COND: conditionCode(line.condition),
        TIME: time,
      };
      if (receipt.kind === "inbound") {
        this.add("RCV", { RECEIPT: receipt.number, PO: receipt.reference, ...common }, [line.sku]);
      } else {
        const head = { RETURN: receipt.number, ADVICE: receipt.reference, ORDER: receipt.order ?? "" };
        this.add("RET", { ...head, ...common }, [line.sku]);
      }
    }
  }
}

function conditionCode(condition: Condition): "A" | "H" {
  return condition === "available" ? "A" : "H";
}
