// Tryton's connector, proved against a real Tryton.
import { afterAll, beforeAll, describe, test } from "vitest";
import type { CustomerReferencePayload, MovementPayload } from "../../src/connector/index.ts";
import { proveConnector, type ReadSubject, type WriteSubject } from "../../src/proof/index.ts";
import { type Clerk, openClerk } from "./clerk.ts";
import { isInstalled, MISSING, startTryton, type Tryton } from "./server.ts";
import { systemOf } from "./subject.ts";

let server: Tryton;
let clerk: Clerk;
let number = 0;

if (!isInstalled()) process.stderr.write(`${MISSING}\n`);

beforeAll(async () => {
  if (!isInstalled()) return;
  server = await startTryton();
  clerk = await openClerk(server);
});
afterAll(async () => {
  await clerk?.close();
  await server?.stop();
});

const due = new Date(Date.now() + 864_000_000);

const purchases: ReadSubject = {
  async change(count) {
    const made = await clerk.purchase(
      Array.from({ length: count }, () => 20),
      due,
    );
    return made.lines.map((line) => ({
      type: "inventory.inbound.expected",
      data: { document: made.number, line: String(line), quantity: "20", location: "MAIN" },
    }));
  },
};

const movement: WriteSubject = {
  message() {
    number += 1;
    const movementId = `proof-${number}`;
    const payload = {
      company: "main",
      movementId,
      sku: "85123A",
      location: "MAIN",
      status: "available",
      quantity: "1",
      unit: "EA",
      reason: "adjustment",
      note: "",
      occurredAt: "2026-11-24T10:00:00.000000Z",
      document: "",
    } satisfies MovementPayload;
    return { deliveryId: movementId, type: "inventory.movement", key: movementId, payload, attempt: 1 };
  },
  async effects({ key }) {
    const rows = await clerk.query(
      `select 1 from stock_shipment_internal s join stock_move m on m.shipment = 'stock.shipment.internal,' || s.id
       where s.reference = $1 and m.state = 'done'`,
      [key],
    );
    return rows.length;
  },
};

const customer: WriteSubject = {
  message() {
    number += 1;
    const id = `P-${number}`;
    const payload = { company: "main", id, name: "A shop" } satisfies CustomerReferencePayload;
    return { deliveryId: id, type: "customer.reference", key: `main/${id}`, payload, attempt: 1 };
  },
  async effects({ payload }) {
    const { id } = payload as CustomerReferencePayload;
    return (await clerk.query("select 1 from party_party where code = $1", [id])).length;
  },
};

describe.skipIf(!isInstalled())("Tryton", () => {
  proveConnector(
    {
      get upstream() {
        return server.url;
      },
      system: (url) =>
        systemOf(url, server ?? { url, database: "tryton", databaseUrl: "", stop: async () => undefined }),
      reads: { "purchase-orders": purchases },
      writes: { "inventory.movement": movement, "customer.reference": customer },
      skip: {
        "reads sales": "each sale is keyed, quoted and processed in a second: reading.test.ts reads them",
        "reads own-orders": "it says what became of our own orders: reading.test.ts and writing.test.ts",
        "writes order.booking": "booking.test.ts loses the answer to each of its calls",
        "writes order.cancellation":
          "needs an order that is there: writing.test.ts loses the answer to each call",
      },
      timeoutMs: 2_000,
    },
    { test, skip: test.skip },
  );
});
