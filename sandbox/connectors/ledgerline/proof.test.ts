// Ledgerline's connector, proved against the simulated ERP.
import { afterAll, beforeAll, describe, test } from "vitest";
import type { BookingPayload, MovementPayload } from "../../../src/connector/index.ts";
import { proveConnector, type ReadSubject, type WriteSubject } from "../../../src/proof/index.ts";
import { credentials } from "../../systems/credentials.ts";
import { startErp } from "../../systems/erp/start.ts";
import type { RunningSystem } from "../../systems/simulation/running-system.ts";
import { type Call, caller } from "../../systems/simulation/testing.ts";
import { outbound } from "../testing.ts";
import { ledgerline } from "./index.ts";

let erp: RunningSystem;
let call: Call;
let number = 0;

beforeAll(async () => {
  erp = await startErp({ seed: 7 });
  call = caller(erp.url, { apikey: credentials.erp.apiKey });
  await call("POST", "/control/seed", {
    items: [{ ItemNumber: "85123A" }],
    customers: [{ CustomerNumber: "17850", Name: "A shop" }],
    stock: [{ ItemNumber: "85123A", Plant: "P100", Quantity: 1_000_000 }],
    purchaseOrders: [],
  });
});
afterAll(() => erp.stop());

const value = async (path: string) => (await call("GET", `/odata/v4/${path}`)).body.value;

const booking: WriteSubject = {
  message() {
    number += 1;
    const orderId = `PROOF-${number}`;
    return outbound("order.booking", `main/${orderId}`, {
      company: "main",
      orderId,
      channel: "portal",
      customer: { id: "17850", name: "A shop", country: "GB" },
      purchaseOrder: "PO-1",
      currency: "GBP",
      placedAt: "2026-11-24T23:30:00.000000Z",
      lines: [
        {
          lineId: "a",
          sku: "85123A",
          description: "HOLDER “Ж”",
          quantity: "6",
          unit: "EA",
          price: "2.555",
          priceUnit: "1",
        },
      ],
      charges: [],
    } satisfies BookingPayload);
  },
  async effects({ payload }) {
    const { orderId } = payload as BookingPayload;
    const filter = encodeURIComponent(`CustomerReference eq '${orderId}'`);
    return (await value(`SalesOrders?$filter=${filter}`)).length;
  },
};

const movement: WriteSubject = {
  message() {
    number += 1;
    return outbound("inventory.movement", `EAST/proof-${number}`, {
      company: "main",
      movementId: `EAST/proof-${number}`,
      sku: "85123A",
      location: "EAST",
      status: "available",
      quantity: "-1",
      unit: "EA",
      reason: "adjustment",
      note: "",
      occurredAt: "2026-11-24T10:00:00.000000Z",
      document: "",
    } satisfies MovementPayload);
  },
  async effects({ payload }) {
    const { movementId } = payload as MovementPayload;
    return JSON.stringify(await value("GoodsMovements?$top=1000")).split(`"${movementId}"`).length - 1;
  },
};

/** A clerk keys orders in the ERP itself. */
const sales: ReadSubject = {
  async change(count) {
    const keyed = await Promise.all(
      Array.from({ length: count }, () =>
        call("POST", "/odata/v4/SalesOrders", {
          CustomerNumber: "17850",
          SalesChannel: "COUNTER",
          Lines: [{ ItemNumber: "85123A", Quantity: 2, NetPrice: 2.555 }],
        }),
      ),
    );
    return keyed.map(({ body }) => ({ type: "order.submitted", data: { orderId: body.OrderNumber } }));
  },
};

const purchaseOrders: ReadSubject = {
  async change(count) {
    const ordered = await Promise.all(
      Array.from({ length: count }, () =>
        call("POST", "/odata/v4/PurchaseOrders", {
          SupplierNumber: "S1",
          Lines: [{ ItemNumber: "85123A", Plant: "P200", Quantity: 20, DueDate: "2027-01-15" }],
        }),
      ),
    );
    return ordered.map(({ body }) => ({
      type: "inventory.inbound.expected",
      data: { document: body.OrderNumber, quantity: "20", location: "WEST" },
    }));
  },
};

describe("Ledgerline", () => {
  proveConnector(
    {
      get upstream() {
        return erp.url;
      },
      system: (url) =>
        ledgerline({
          url,
          apiKey: credentials.erp.apiKey,
          plants: { EAST: "P100", WEST: "P200", "3PL": "P300" },
        }),
      reads: { sales, "purchase-orders": purchaseOrders },
      writes: { "order.booking": booking, "inventory.movement": movement },
      skip: {
        "reads own-orders": "it says what became of our own orders: writing.test.ts ships and bills them",
        "writes order.cancellation":
          "sets totals of an order that is there: writing.test.ts, which counts them",
        "writes customer.reference": "creates a customer under its own number: writing.test.ts",
      },
      timeoutMs: 700,
    },
    { test, skip: test.skip },
  );
});
