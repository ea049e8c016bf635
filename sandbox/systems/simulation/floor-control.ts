// Control routes that the three warehouses share: opening stock, counts and damage, goods coming in.

import type { Agenda } from "./agenda.ts";
import type { Dock, NoticeKind, ReceiveCommand } from "./dock.ts";
import {
  count,
  type Fields,
  fieldsOf,
  listOf,
  optionalListOf,
  optionalText,
  text,
  wholeNumber,
} from "./fields.ts";
import type { Condition, Floor } from "./floor.ts";
import type { FloorSettings } from "./floor-settings.ts";
import { Refusal } from "./refusal.ts";
import type { NativeRequest, Route } from "./router.ts";

export interface FloorControl {
  floor: Floor;
  dock: Dock;
  /** Words an adjustment that has been booked on the floor. */
  adjusted: (sku: string, change: number, condition: Condition, reason: string) => void;
}

export function floorControlRoutes(control: FloorControl): Route[] {
  return [
    { method: "POST", path: "/control/seed", handle: (request) => seed(control, request) },
    { method: "POST", path: "/control/adjust", handle: (request) => adjust(control, request) },
    { method: "POST", path: "/control/receive", handle: (request) => receive(control, "inbound", request) },
    {
      method: "POST",
      path: "/control/receive-return",
      handle: (request) => receive(control, "return", request),
    },
  ];
}

function seed({ floor }: FloorControl, request: NativeRequest) {
  const items = listOf(fieldsOf(request.json()), "items");
  for (const item of items) {
    const sku = text(item, "sku");
    const held = item.held === undefined ? 0 : wholeNumber(item, "held");
    floor.open(sku, optionalText(item, "description") ?? sku, wholeNumber(item, "quantity"), held);
  }
  return { status: 200, body: { items: floor.stock.size } };
}

function adjust(control: FloorControl, request: NativeRequest) {
  const fields = fieldsOf(request.json());
  const sku = text(fields, "sku");
  const change = wholeNumber(fields, "change");
  const condition = readCondition(fields, "condition") ?? "available";
  if (!control.floor.adjust(sku, change, condition)) {
    throw new Refusal(409, "notEnough", `${sku} has less than that which is not picked`);
  }
  control.adjusted(sku, change, condition, optionalText(fields, "reason") ?? "COUNT");
  return { status: 200, body: control.floor.stock.get(sku) };
}

function receive({ dock }: FloorControl, kind: NoticeKind, request: NativeRequest) {
  const fields = fieldsOf(request.json());
  const command: ReceiveCommand = { reference: text(fields, "reference") };
  const condition = readCondition(fields, "condition");
  if (condition) command.condition = condition;
  const lines = optionalListOf(fields, "lines");
  if (lines.length > 0) {
    command.lines = lines.map((line) => {
      const own = readCondition(line, "condition");
      const number = optionalText(line, "line");
      return {
        ...(number === undefined ? {} : { line: number }),
        sku: text(line, "sku"),
        quantity: count(line, "quantity"),
        ...(own ? { condition: own } : {}),
      };
    });
  }
  return { status: 200, body: dock.receive(kind, command) };
}

function readCondition(fields: Fields, name: string): Condition | undefined {
  const value = optionalText(fields, name);
  if (value === undefined || value === "available" || value === "held") return value;
  throw new Refusal(400, "invalidField", `${name} must be available or held`);
}

/** Lets an announced return come in by itself, where the settings say so. */
export function scheduleReturn(dock: Dock, agenda: Agenda, settings: FloorSettings, reference: string): void {
  if (settings.returnDelayMs === null) return;
  agenda.after(settings.returnDelayMs, () => {
    if (dock.notices.return.get(reference)?.state !== "announced") return;
    const condition: Condition = settings.returnCondition === "held" ? "held" : "available";
    dock.receive("return", { reference, condition });
  });
}
