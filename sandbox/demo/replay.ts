// The day: orders, cancellations, stock corrections and goods receipts in the order of the data, as fast as the
// systems take them. Everything is entered through the systems' own APIs.
import type { RetailAdjustment, RetailCancellation, RetailInput, RetailOrder } from "../retail/orders.ts";
import type { PlannedPurchaseOrder, StockPlan } from "../retail/stock-plan.ts";
import { type Clerk, type EnteredOrder, enterOrder, rejectedRow } from "./enter.ts";
import type { Installation } from "./installation.ts";
import { WAREHOUSES } from "./seed.ts";
import { partsByOrder, takeBack } from "./take-back.ts";

export interface ReplayCounts {
  orders: number;
  cancellations: number;
  adjustments: number;
  receipts: number;
}

interface Step {
  row: number;
  run(): Promise<void>;
}

export interface ReplayOptions {
  clerk: Clerk;
  installation: Installation;
  input: RetailInput;
  plan: StockPlan;
  /** Called after each step with what was entered so far. */
  entered(counts: ReplayCounts): void;
  stopped(): boolean;
}

/** Enough people at their desks to keep the systems busy; each enters one document at a time. */
const DESKS = 8;
/** A cancellation within so many orders of its order is one; later the goods have left and come back. */
const SOON_ORDERS = 30;

export class Replay {
  readonly counts: ReplayCounts = { orders: 0, cancellations: 0, adjustments: 0, receipts: 0 };
  private readonly options: ReplayOptions;
  private readonly entered = new Map<string, Promise<EnteredOrder>>();
  private readonly late: Promise<void>[] = [];

  constructor(options: ReplayOptions) {
    this.options = options;
  }

  async run(): Promise<void> {
    const steps = this.steps();
    let next = 0;
    const desk = async () => {
      while (next < steps.length && !this.options.stopped()) {
        const step = steps[next]!;
        next += 1;
        await step.run();
        this.options.entered(this.counts);
      }
    };
    await Promise.all(Array.from({ length: DESKS }, desk));
    await Promise.all(this.late);
    await this.reportRows();
  }

  private steps(): Step[] {
    const { input, plan } = this.options;
    const position = new Map(input.orders.map((order, index) => [order.number, index]));
    const steps: Step[] = [
      ...input.orders.map((order, index) => ({ row: order.row, run: () => this.enter(order, index) })),
      ...input.cancellations.map((cancellation) => ({
        row: cancellation.row,
        run: () => this.cancel(cancellation, position),
      })),
      ...input.adjustments.map((adjustment) => ({ row: adjustment.row, run: () => this.adjust(adjustment) })),
    ];
    for (const order of plan.purchaseOrders) {
      const after = input.orders[Math.min(order.arrivesAfterOrders, input.orders.length) - 1];
      steps.push({ row: (after?.row ?? 0) + 0.5, run: () => this.receive(order) });
    }
    return steps.sort((a, b) => a.row - b.row);
  }

  private async enter(order: RetailOrder, _index: number): Promise<void> {
    const entering = enterOrder(this.options.clerk, order);
    this.entered.set(order.number, entering);
    await entering;
    this.counts.orders += 1;
  }

  private async cancel(cancellation: RetailCancellation, position: Map<string, number>): Promise<void> {
    const { distributor } = this.options.clerk;
    for (const [number, parts] of partsByOrder(cancellation)) {
      const order = await this.entered.get(number);
      if (order === undefined) continue;
      const soon = this.counts.orders - (position.get(number) ?? 0) <= SOON_ORDERS;
      const taking = takeBack(
        distributor,
        order,
        parts,
        `${cancellation.number}/${cancellation.row}`,
        soon,
        this.options.installation,
      );
      // A clerk may have to wait for the invoice; the desk goes on meanwhile.
      if (order.channel === "erp") this.late.push(taking);
      else await taking;
    }
    this.counts.cancellations += 1;
  }

  private async adjust(adjustment: RetailAdjustment): Promise<void> {
    const { plan, clerk } = this.options;
    const home = plan.items.find((item) => item.sku === adjustment.sku)?.home ?? "EAST";
    const body = {
      sku: adjustment.sku,
      change: Number(adjustment.quantity),
      reason: adjustment.reason.toUpperCase(),
    };
    await clerk.distributor.control(WAREHOUSES[home], "adjust", body);
    this.counts.adjustments += 1;
  }

  private async receive(order: PlannedPurchaseOrder): Promise<void> {
    const { clerk } = this.options;
    const reference = clerk.seeded.purchaseOrders.get(order.number)!;
    const lines = order.lines.map(({ sku, quantity }, index) => ({
      line: String(10 * (index + 1)),
      sku,
      quantity: Number(quantity),
    }));
    await clerk.distributor.control(WAREHOUSES[order.location], "receive", { reference, lines });
    this.counts.receipts += 1;
  }

  /** Rows that belong to no order that a channel could take: reported one by one, none dropped. */
  private async reportRows(): Promise<void> {
    const { input, installation } = this.options;
    const strays = [...input.strays, ...input.orders.flatMap((order) => order.badRows)];
    const rejected = strays.map((exception, index) => ({
      specversion: "1.0",
      id: `row-${exception.number}-${exception.rows.join("-")}-${index}`,
      source: "/import",
      type: "order.row.rejected",
      data: rejectedRow(exception),
    }));
    const unmatched = input.cancellations.flatMap(
      ({ number, row, sku, customer, requestedAt, unmatched: left }) =>
        left === undefined
          ? []
          : [
              {
                specversion: "1.0",
                id: `return-${number}-${row}`,
                source: "/import",
                type: "return.requested",
                data: {
                  orderId: number,
                  returnId: `${number}-${row}`,
                  lines: [{ lineId: String(row), sku, quantity: left.quantity }],
                  reason: `Customer ${customer.id}: ${left.reason}`,
                  requestedAt,
                },
              },
            ],
    );
    const events = [...rejected, ...unmatched];
    for (let at = 0; at < events.length; at += 200) {
      await installation.ask("POST", "/system/v1/portal/events", events.slice(at, at + 200));
    }
  }
}
