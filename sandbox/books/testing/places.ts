// The three warehouses as whoever releases to them sees them: each takes an order in its own way, and tells in its own
// way what has left.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../../systems/simulation/testing.ts";
import { must } from "./must.ts";

export type Place = "EAST" | "WEST" | "3PL";

export class Places {
  private readonly calls: { east: Call; west: Call; partner: Call };
  private readonly folder: string;
  private counter = 0;

  /** `folder` is WEST's. */
  constructor(calls: { east: Call; west: Call; partner: Call }, folder: string) {
    this.calls = calls;
    this.folder = folder;
  }

  async order(
    place: Place,
    reference: string,
    lines: { lineId: string; index: string; sku: string; quantity: number }[],
  ) {
    this.counter++;
    if (place === "EAST") {
      const rows = lines.map(({ index, sku, quantity }) => ({
        lineNo: Number(index) + 1,
        sku,
        qty: quantity,
      }));
      const body = { externalOrderNo: reference, lines: rows };
      await must(
        this.calls.east("POST", "/api/outbound", body, { "x-request-id": `request-${this.counter}` }),
      );
    } else if (place === "3PL") {
      const items = lines.map(({ lineId, sku, quantity }) => ({ clientLine: lineId, sku, qty: quantity }));
      await must(this.calls.partner("PUT", `/v2/fulfilments/${reference}`, { items }));
    } else {
      const head = "ORDER;LINE;ARTICLE;QTY;PARTIAL;NAME;COUNTRY;DUE";
      const rows = lines.map(({ lineId, sku, quantity }) => `${reference};${lineId};${sku};${quantity};Y;;;`);
      const sum = lines.reduce((total, line) => total + line.quantity, 0);
      const number = String(this.counter).padStart(4, "0");
      const text = [`HDR;ORD;CROSSDOCK;${number};`, head, ...rows, `TRL;${rows.length};${sum}`, ""].join(
        "\r\n",
      );
      const target = join(this.folder, "in", `ORD_${number}.csv`);
      writeFileSync(`${target}.tmp`, text);
      renameSync(`${target}.tmp`, target);
    }
  }

  /** The shipments, once everything that will leave has left and is delivered. */
  async shipmentsOf(place: Place, reference: string) {
    const states: Record<Place, () => Promise<{ done: boolean; raw: Record<string, unknown>[] }>> = {
      EAST: async () => {
        const { body } = await this.calls.east("GET", `/api/outbound?externalOrderNo=${reference}`);
        const order = body.items.at(-1);
        return { done: order?.status === "shipped", raw: order?.cartons ?? [] };
      },
      WEST: async () => {
        const { status, body } = await this.calls.west("GET", `/query/orders/${reference}`);
        return { done: status === 200 && body.state === "shipped", raw: body.shipments ?? [] };
      },
      "3PL": async () => {
        const { body } = await this.calls.partner("GET", `/v2/fulfilments/${reference}`);
        return { done: body.status === "POD", raw: body.dispatches ?? [] };
      },
    };
    const { done, raw } = await states[place]();
    if (!done || raw.some((shipment) => shipment.deliveredAt === null)) return undefined;
    return raw.map((shipment) => ({
      shipment: String(shipment.cartonNo ?? shipment.shipment ?? shipment.dispatchId),
      lines: ((shipment.lines ?? shipment.items) as Record<string, unknown>[]).map((line) => ({
        line: String(line.lineNo ?? line.line ?? line.clientLine),
        sku: String(line.article ?? line.sku),
        quantity: Number(line.qty ?? line.quantity),
      })),
    }));
  }
}
