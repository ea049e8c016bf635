import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { credentials } from "../credentials.ts";
import type { RunningSystem } from "../simulation/running-system.ts";
import { type Call, caller } from "../simulation/testing.ts";
import { withCheck } from "./ids.ts";
import { startCrm } from "./start.ts";

let crm: RunningSystem;
let call: Call;

async function login(): Promise<string> {
  const response = await fetch(`${crm.url}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: credentials.crm.clientId,
      client_secret: credentials.crm.clientSecret,
    }),
  });
  expect(response.status).toBe(200);
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());
beforeEach(async () => {
  await crm.reset();
  call = caller(crm.url, { authorization: `Bearer ${await login()}` });
});

async function account(): Promise<string> {
  const made = await call("POST", "/services/data/accounts", {
    name: "A wholesaler",
    account_number: "17850",
  });
  return made.body.id;
}

async function order(more: Record<string, unknown> = {}): Promise<string> {
  const lines = [{ product_code: "85123A", quantity: 6, unit_price: 2.55 }];
  const made = await call("POST", "/services/data/orders", { account_id: await account(), lines, ...more });
  expect(made.status).toBe(201);
  return made.body.id;
}

const read = async (id: string) => (await call("GET", `/services/data/orders/${id}`)).body;
const poll = async (query = "") => (await call("GET", `/services/data/orders${query}`)).body;

describe("the CRM", () => {
  it("gives ids of 18 characters that check the case of their letters", async () => {
    expect(withCheck("001D000000IqhSL")).toBe("001D000000IqhSLIAZ");
    const ids = new Set<string>();
    for (let made = 0; made < 70; made += 1) ids.add(await account());
    expect(ids.size).toBe(70);
    for (const id of ids) expect(withCheck(id.slice(0, 15))).toBe(id);
  });

  it("refuses a wrong secret, no token and an expired token", async () => {
    const wrong = await caller(crm.url)("POST", "/oauth/token", "grant_type=client_credentials");
    expect(wrong.status).toBe(400);
    expect((await caller(crm.url)("GET", "/services/data/orders")).body[0].errorCode).toBe(
      "INVALID_SESSION_ID",
    );
    await call("POST", "/control/settings", { tokenTtlMs: 500 });
    const short = caller(crm.url, { authorization: `Bearer ${await login()}` });
    expect((await short("GET", "/services/data/orders")).status).toBe(200);
    await delay(550);
    expect((await short("GET", "/services/data/orders")).status).toBe(401);
    expect((await call("GET", "/services/data/orders")).status).toBe(200);
  });

  it("makes two orders of two POSTs with the same purchase order number", async () => {
    const first = await order({ customer_po: "PO-1" });
    const second = await order({ customer_po: "PO-1" });
    expect(first).not.toBe(second);
    expect((await poll()).records).toHaveLength(2);
  });

  it("answers changes from a second on, that second included", async () => {
    const id = await order();
    const { last_modified_date: modified } = await read(id);
    expect(modified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
    const since = encodeURIComponent(modified);
    expect((await poll(`?modified_since=${since}`)).records).toHaveLength(1);
    const next = new Date(Date.parse(modified.replace("+0000", "Z")) + 1000).toISOString();
    expect((await poll(`?modified_since=${next}`)).records).toHaveLength(0);
    expect((await call("GET", "/services/data/orders?modified_since=soon")).status).toBe(400);
  });

  it("sets a status absolutely, and comes back with it in the next poll", async () => {
    const id = await order();
    const before = await read(id);
    for (const code of ["accepted", "shipped", "shipped"]) {
      expect((await call("PATCH", `/services/data/orders/${id}/status`, { code })).status).toBe(204);
    }
    const after = await read(id);
    expect(after.fulfilment_status).toBe("shipped");
    expect(after.status_history.map((note: { code: string }) => note.code)).toEqual([
      "accepted",
      "shipped",
      "shipped",
    ]);
    expect(after.revision).toBe(before.revision + 3);
    expect(
      (await call("PATCH", "/services/data/orders/801000000000000AAA/status", { code: "x" })).status,
    ).toBe(404);
  });

  it("keeps drafts open and activated orders fixed", async () => {
    const id = await order({ stage: "draft" });
    const lines = [{ product_code: "22423", quantity: 1, unit_price: 12.75 }];
    expect((await call("PATCH", `/services/data/orders/${id}`, { lines })).status).toBe(204);
    expect((await call("PATCH", `/services/data/orders/${id}`, { stage: "activated" })).status).toBe(204);
    expect((await call("PATCH", `/services/data/orders/${id}`, { lines })).status).toBe(400);
    expect((await call("PATCH", `/services/data/orders/${id}`, { stage: "draft" })).status).toBe(400);
    await call("PATCH", `/services/data/orders/${id}`, { cancel_requested: true, cancel_reason: "too late" });
    expect(await read(id)).toMatchObject({ cancel_requested: true, cancel_reason: "too late" });
    const line = (await read(id)).lines[0];
    const asked = await call("POST", `/services/data/orders/${id}/returns`, {
      lines: [{ line_id: line.id, quantity: 1 }],
    });
    expect(asked.status).toBe(201);
    expect((await read(id)).return_requests).toHaveLength(1);
  });

  it("shows every order over its pages, and one that changes meanwhile once more at the end", async () => {
    const ids: string[] = [];
    for (let made = 0; made < 25; made += 1) ids.push(await order());
    const seen: string[] = [];
    let token: string | null = null;
    do {
      const page: { records: Array<{ id: string }>; done: boolean; next_page_token: string | null } =
        await poll(`?page_size=10${token ? `&page_token=${token}` : ""}`);
      seen.push(...page.records.map((record) => record.id));
      if (token === null) await call("PATCH", `/services/data/orders/${ids[0]}/status`, { code: "accepted" });
      token = page.next_page_token;
    } while (token !== null);
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen.filter((id) => id === ids[0])).toHaveLength(2);
    expect((await call("GET", "/services/data/orders?page_token=rubbish")).body[0].errorCode).toBe(
      "INVALID_QUERY_LOCATOR",
    );
  });
});
