import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Census, ConnectorSession } from "../../connector/contract.ts";
import { defineIntegration } from "../../policy/define.ts";
import { declared } from "../../policy/testing.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { compareCensus } from "./census.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
  const order = (orderId: string, change: object) => ({
    orderId,
    reference: "",
    booking: null,
    releases: [],
    shipments: [],
    invoices: [],
    ...change,
  });
  const orders = [
    [
      order("O-1", {
        booking: { system: "erp", document: "SO-1" },
        releases: [{ location: "EAST", state: "confirmed", document: "P-1" }],
      }),
      "portal",
      "released",
    ],
    [order("O-2", { booking: { system: "erp", document: "SO-2" }, reference: "WEB-2" }), "portal", "booked"],
    [order("O-3", { releases: [{ location: "EAST", state: "asked", document: "" }] }), "portal", "released"],
    [order("O-4", {}), "portal", "cancelled"],
    [order("O-5", {}), "portal", "reserved"],
    [order("O-6", {}), "portal", "lapsed"],
  ] as const;
  for (const [state, channel, status] of orders) {
    await test.db.query(
      `insert into sales_order (company, order_id, status, channel, customer_id, currency, placed_at, state)
       values ('main', $1, $2, $3, 'C', 'GBP', '2026-11-24T07:00:00Z', $4::jsonb)`,
      [state.orderId, status, channel, JSON.stringify(state)],
    );
  }
});
afterAll(() => test.drop());

const integration = defineIntegration({
  systems: {
    erp: declared("order.booking"),
    east: declared("order.release"),
    portal: declared("order.status"),
    crm: declared(),
  },
  ownership: { ledger: "erp", inventory: { owner: { byLocation: { EAST: "east" } } } },
});

function session(census?: () => Promise<Census[]>): ConnectorSession {
  return {
    map: () => ({ ignored: "" }),
    writers: {},
    health: async () => {},
    close: async () => {},
    ...(census === undefined ? {} : { census }),
  };
}
const listing = (...ids: string[]) => session(async () => [{ domain: "order", ids }]);
const compare = (sessions: Record<string, ConnectorSession>) =>
  compareCensus(test.db, integration, {
    sessions: new Map(Object.entries(sessions)),
    from: "2026-11-01T00:00:00.000000Z",
    to: "2026-11-30T00:00:00.000000Z",
  });

describe("what systems list of their own", () => {
  it("agrees under whatever number a system uses", async () => {
    expect(
      await compare({
        erp: listing("SO-1", "SO-2"),
        east: listing("P-1"),
        portal: listing("O-1", "WEB-2", "O-3", "O-4"),
        crm: session(),
      }),
    ).toEqual([
      expect.objectContaining({
        system: "erp",
        held: 2,
        known: 2,
        missingCount: 0,
        surplusCount: 0,
        balanced: true,
      }),
      expect.objectContaining({ system: "east", balanced: true }),
      expect.objectContaining({ system: "portal", held: 4, known: 4, balanced: true }),
    ]);
  });

  it("shows what is missing there and what is unknown here", async () => {
    expect(await compare({ erp: listing("SO-1", "SO-99") })).toEqual([
      {
        system: "erp",
        domain: "order",
        held: 2,
        known: 1,
        missing: ["O-2"],
        missingCount: 1,
        surplus: ["SO-99"],
        surplusCount: 1,
        balanced: false,
      },
    ]);
  });

  it("misses the submission of an order that stock is, or was, only held for", async () => {
    const [book] = await compare({ portal: listing("O-1", "O-2", "O-3", "O-4", "O-5", "O-6") });
    expect(book).toMatchObject({ missing: [], surplus: ["O-5", "O-6"] });
  });

  it("is no difference but a system that cannot be read, where asking fails", async () => {
    const [book] = await compare({
      erp: session(async () => {
        throw new Error("it is closed");
      }),
    });
    expect(book).toMatchObject({ system: "erp", unreadable: "it is closed", balanced: false });
  });

  it("is asked for a day more on either side, so that no midnight makes a difference", async () => {
    let asked: unknown;
    await compareCensus(test.db, integration, {
      sessions: new Map([
        [
          "erp",
          {
            ...session(),
            census: async (window) => {
              asked = window;
              return [];
            },
          },
        ],
      ]),
      from: "2026-11-24T00:00:00.000000Z",
      to: "2026-11-24T23:59:59.999999Z",
    });
    expect(asked).toEqual({ from: "2026-11-23T00:00:00.000000Z", to: "2026-11-25T23:59:59.999999Z" });
  });
});
