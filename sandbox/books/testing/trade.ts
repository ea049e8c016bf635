// Trades with the six simulated systems through their own APIs, as an integration would, and keeps beside it what
// Crossdock would say. Each step can be left out or done twice by a test that wants the books to find it.
import { mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "../../systems/credentials.ts";
import {
  type Call,
  caller,
  type Receiver,
  startReceiver,
  waitFor,
} from "../../systems/simulation/testing.ts";
import { type Distributor, startDistributor } from "../../systems/start-all.ts";
import { type AnsweringServer, type Answers, type OrderAnswer, startAnswering } from "./answers.ts";
import { must } from "./must.ts";
import { type Place, Places } from "./places.ts";

interface Sold {
  sku: string;
  quantity: number;
  price: string;
}

interface Freight {
  quantity: number;
  price: string;
}

const plants: Record<Place, string> = { EAST: "P100", WEST: "P200", "3PL": "P300" };

/** An order on its way, with its document in the ERP. */
export interface Deal {
  number: string;
  answer: OrderAnswer;
  sold: Sold[];
  freight: Freight[];
  customer: string;
  erp?: { ID: number; OrderNumber: string };
}

interface Movement {
  type: string;
  place: Place;
  sku: string;
  quantity: number;
  reference: string;
  more?: Record<string, unknown>;
  line?: Record<string, unknown>;
}

/** What a test does otherwise than right: return false to leave a posting out, or change what is posted. */
export interface Mistakes {
  posting?: (movement: Movement) => boolean;
  booking?: (body: {
    CustomerReference: string;
    SalesChannel: string;
    Lines: Record<string, unknown>[];
  }) => void;
}

export class Trade {
  readonly distributor: Distributor;
  readonly crossdock: AnsweringServer;
  readonly folder: string;
  readonly erp: Call;
  readonly portal: Call;
  readonly east: Call;
  readonly partner: Call;
  readonly west: Call;
  readonly crm: Call;
  readonly places: Places;
  mistakes: Mistakes = {};
  deals: Deal[] = [];
  private readonly buyer: Receiver;

  private constructor(distributor: Distributor, crossdock: AnsweringServer, buyer: Receiver, folder: string) {
    this.distributor = distributor;
    this.crossdock = crossdock;
    this.buyer = buyer;
    this.folder = folder;
    const { systems } = distributor;
    this.erp = caller(systems.erp.url, { apikey: credentials.erp.apiKey });
    this.portal = caller(systems.portal.url, { authorization: `Token ${credentials.portal.token}` });
    this.east = caller(systems.east.url, { authorization: `Bearer ${credentials.east.token}` });
    this.partner = caller(systems.partner.url, { "x-api-key": credentials.partner.apiKey });
    this.west = caller(systems.west.url);
    this.crm = caller(systems.crm.url);
    this.places = new Places(this, join(folder, "west"));
  }

  static async start(): Promise<Trade> {
    const folder = mkdtempSync(join(tmpdir(), "books-"));
    return new Trade(
      await startDistributor({ folder }),
      await startAnswering(),
      await startReceiver(),
      folder,
    );
  }

  async stop(): Promise<void> {
    await Promise.all([this.distributor.stop(), this.crossdock.stop(), this.buyer.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  get answers(): Answers {
    return this.crossdock.answers;
  }

  /** Everything as on the first day, and quick. */
  async open(
    stock: Record<string, Partial<Record<Place, number>>>,
    customers: string[],
    purchases: unknown[] = [],
  ): Promise<void> {
    await Promise.all(Object.values(this.distributor.systems).map((system) => system.reset()));
    Object.assign(this.answers, { orders: [], items: [], exceptions: [], intake: [], deliveries: [] });
    this.deals = [];
    this.mistakes = {};
    const quick = { pickDelayMs: 5, shipDelayMs: 5, deliverDelayMs: 5 };
    await must(this.east("POST", "/control/settings", quick));
    await must(this.partner("POST", "/control/settings", { ...quick, ratePerSecond: 5000, burst: 5000 }));
    await must(this.west("POST", "/control/settings", { ...quick, scanMs: 10, exportMs: 15 }));
    await must(this.erp("POST", "/control/settings", { billingDelayMs: 30 }));
    await must(this.portal("PUT", "/api/push-target", { url: this.buyer.url }));
    const calls = { EAST: this.east, WEST: this.west, "3PL": this.partner };
    const entries = Object.entries(stock);
    for (const place of ["EAST", "WEST", "3PL"] as const) {
      const items = entries.map(([sku, at]) => ({ sku, quantity: at[place] ?? 0 }));
      await must(calls[place]("POST", "/control/seed", { items }));
    }
    await must(
      this.erp("POST", "/control/seed", {
        customers: customers.map((CustomerNumber) => ({
          CustomerNumber,
          Name: `Customer ${CustomerNumber}`,
        })),
        items: entries.map(([ItemNumber]) => ({ ItemNumber, StandardPrice: 1 })),
        stock: entries.flatMap(([ItemNumber, at]) =>
          Object.entries(at).map(([place, Quantity]) => ({
            ItemNumber,
            Plant: plants[place as Place],
            Quantity,
          })),
        ),
        purchaseOrders: purchases,
      }),
    );
  }

  async buyInPortal(number: string, customer: string, sold: Sold[], freight: Freight[] = []): Promise<Deal> {
    const { orderNo } = await must(
      this.portal("POST", "/api/checkout", {
        buyer: customer === "" ? {} : { code: customer },
        poNumber: number,
        items: sold.map(({ sku, quantity, price }) => ({ articleNo: sku, qty: quantity, unitPrice: price })),
        charges: freight.map(({ quantity, price }) => ({
          kind: "freight",
          amount: String(quantity * Number(price)),
        })),
      }),
    );
    return this.keep({ number, customer, sold, freight }, "portal", orderNo, orderNo);
  }

  async buyInCrm(number: string, customer: string, sold: Sold[]): Promise<Deal> {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: credentials.crm.clientId,
      client_secret: credentials.crm.clientSecret,
    });
    const token = await fetch(`${this.distributor.systems.crm.url}/oauth/token`, {
      method: "POST",
      body: form,
    });
    const { access_token } = (await token.json()) as { access_token: string };
    const bearer = { authorization: `Bearer ${access_token}` };
    const path = "/services/data";
    const account = await must(this.crm("POST", `${path}/accounts`, { name: customer }, bearer));
    const lines = sold.map(({ sku, quantity, price }) => ({
      product_code: sku,
      quantity,
      unit_price: Number(price),
    }));
    const body = { account_id: account.id, customer_po: number, lines };
    const { id } = await must(this.crm("POST", `${path}/orders`, body, bearer));
    return this.keep({ number, customer, sold, freight: [] }, "crm", id, id);
  }

  async keyInErp(number: string, customer: string, sold: Sold[]): Promise<Deal> {
    const deal = { number, customer, sold, freight: [] };
    const more = { SalesChannel: "COUNTER", CustomerPurchaseOrder: number, CreatedBy: "CLERK" };
    const erp = await this.makeErpOrder(deal, more);
    const kept = this.keep(deal, "erp", erp.OrderNumber, erp.OrderNumber);
    kept.erp = erp;
    return kept;
  }

  /** Books an order of a channel in the ERP. */
  async book(deal: Deal): Promise<void> {
    const { orderId, channel } = deal.answer;
    const more = {
      SalesChannel: channel.toUpperCase(),
      CustomerReference: orderId,
      CustomerPurchaseOrder: deal.number,
    };
    deal.erp = await this.makeErpOrder(deal, more);
  }

  async makeErpOrder(deal: Pick<Deal, "customer" | "sold" | "freight">, more: Record<string, unknown>) {
    const goods = deal.sold.map(({ sku, quantity, price }) => ({
      ItemNumber: sku,
      Quantity: quantity,
      NetPrice: Number(price),
    }));
    const freight = deal.freight.map(({ quantity, price }) => ({
      LineType: "FREIGHT",
      ItemNumber: "POST",
      Quantity: 1,
      NetPrice: quantity * Number(price),
    }));
    const body = { CustomerNumber: deal.customer, Lines: [...goods, ...freight], ...more };
    this.mistakes.booking?.(body as never);
    return must(this.erp("POST", "/odata/v4/SalesOrders", body));
  }

  /** Releases units of lines (by their index) to a place, waits until all of it has left, and posts the issues. */
  async ship(deal: Deal, place: Place, units: Record<number, number>): Promise<void> {
    const { answer } = deal;
    const number = answer.releases.filter((release) => release.location === place).length + 1;
    // Line names that are no numbers ride on EAST's reference.
    const names =
      answer.channel === "crm" && place === "EAST"
        ? `~${answer.lines.map(({ lineId }) => lineId).join(",")}`
        : "";
    const reference = `${answer.orderId}-${place}-${number}${names}`;
    const lines = Object.entries(units).map(([index, quantity]) => ({
      line: answer.lines[Number(index)]!,
      index,
      quantity,
    }));
    answer.releases.push({
      location: place,
      number,
      state: "confirmed",
      lines: lines.map(({ line, quantity }) => ({
        lineId: line.lineId,
        sku: line.sku,
        quantity: String(quantity),
      })),
    });
    await this.places.order(
      place,
      reference,
      lines.map(({ line, index, quantity }) => ({ ...line, index, quantity })),
    );
    await this.takeShipments(deal, place, reference);
  }

  /** Reads what has left for a reference, tells Crossdock's side of it and posts it. */
  private async takeShipments(deal: Deal, place: Place, reference: string): Promise<void> {
    const shipments = await waitFor(`${place} to ship ${reference}`, () =>
      this.places.shipmentsOf(place, reference),
    );
    for (const { shipment, lines } of shipments) {
      deal.answer.shipments.push({
        shipmentId: shipment,
        location: place,
        deliveredAt: "2026-11-24T07:00:00.000000Z",
      });
      for (const { line, sku, quantity } of lines) {
        const position = deal.answer.lines.findIndex(
          (candidate, index) => candidate.lineId === line || String(index + 1) === line,
        );
        this.tellShipped(deal, position, place, quantity);
        await this.post({
          type: "601",
          place,
          sku,
          quantity,
          reference: `${place}/${shipment}/${line}`,
          more: { SalesOrder: deal.erp!.OrderNumber, DeliveryNote: shipment },
          line: { SalesOrderLine: (position + 1) * 10 },
        });
      }
    }
  }

  tellShipped(deal: Deal, position: number, place: Place, quantity: number): void {
    const line = deal.answer.lines[position]!;
    line.shipped = String(Number(line.shipped) + quantity);
    let at = line.places.find((candidate) => candidate.location === place);
    if (at === undefined) {
      at = { location: place, allocated: "0", released: "0", shipped: "0" };
      line.places.push(at);
    }
    at.shipped = String(Number(at.shipped) + quantity);
    at.allocated = at.shipped;
    at.released = at.shipped;
  }

  async post(movement: Movement): Promise<void> {
    if (this.mistakes.posting?.(movement) === false) return;
    const { type, place, sku, quantity, reference, more, line } = movement;
    const Lines = [{ ItemNumber: sku, Quantity: quantity, ...line }];
    const head = { MovementType: type, Plant: plants[place], ExternalReference: reference };
    await must(this.erp("POST", "/odata/v4/GoodsMovements", { ...head, ...more, Lines }));
  }

  /** As whoever reads WEST's files moves them away. */
  takeFiles(): void {
    const out = join(this.folder, "west", "out");
    for (const name of readdirSync(out)) {
      if (name.endsWith(".csv")) renameSync(join(out, name), join(out, "done", name));
    }
  }

  private keep(deal: Omit<Deal, "answer">, channel: string, orderId: string, reference: string): Deal {
    const answer: OrderAnswer = {
      orderId,
      status: "accepted",
      channel,
      reference,
      purchaseOrder: deal.number,
      lines: deal.sold.map(({ sku, quantity, price }, index) => ({
        lineId: channel === "crm" ? `802Q0${index}` : String((index + 1) * (channel === "erp" ? 10 : 1)),
        sku,
        quantity: String(quantity),
        price,
        priceUnit: 1,
        cancelled: "0",
        backordered: "0",
        promisedAt: null,
        shipped: "0",
        invoiced: "0",
        credited: "0",
        places: [],
      })),
      releases: [],
      shipments: [],
      invoices: [],
    };
    const kept = { ...deal, answer };
    this.answers.orders.push(answer);
    this.deals.push(kept);
    return kept;
  }
}
