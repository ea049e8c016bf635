import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { credentials } from "../credentials.ts";
import type { RunningSystem } from "../simulation/running-system.ts";
import { type Call, caller } from "../simulation/testing.ts";
import { startErp } from "./start.ts";

const TOTAL = 1203;
let erp: RunningSystem;
let call: Call;

beforeAll(async () => {
  erp = await startErp();
  call = caller(erp.url, { APIKey: credentials.erp.apiKey });
  const items = Array.from({ length: TOTAL }, (_, index) => ({
    ItemNumber: `I${String(index).padStart(4, "0")}`,
    Description: index % 2 === 0 ? "EVEN ONE" : "odd one",
    StandardPrice: index / 100,
  }));
  await call("POST", "/control/seed", { items });
});
afterAll(() => erp.stop());

const filtered = (filter: string, more = "") =>
  call("GET", `/odata/v4/Items?$filter=${encodeURIComponent(filter)}${more}`);

async function readAll(path: string, between: () => Promise<unknown> = async () => {}): Promise<string[]> {
  const numbers: string[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const page: { body: Record<string, unknown> } = await call("GET", next);
    numbers.push(...(page.body.value as Array<{ ItemNumber: string }>).map((item) => item.ItemNumber));
    const link = page.body["@odata.nextLink"] as string | undefined;
    next = link?.replace(erp.url, "");
    await between();
  }
  return numbers;
}

describe("lists of the ERP", () => {
  it("reads everything once over its next links, also while more comes in", async () => {
    let added = 0;
    const numbers = await readAll("/odata/v4/Items", async () => {
      added += 1;
      await call("POST", "/odata/v4/Items", { ItemNumber: `NEW${added}` });
    });
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.filter((number) => number.startsWith("I"))).toHaveLength(TOTAL);
  });

  it("pages in another order too, and honours $top over several pages", async () => {
    const numbers = await readAll(
      "/odata/v4/Items?$filter=startswith(ItemNumber,'I')&$orderby=StandardPrice desc",
    );
    expect(numbers).toHaveLength(TOTAL);
    expect(numbers[0]).toBe(`I${TOTAL - 1}`);
    expect(await readAll("/odata/v4/Items?$top=700")).toHaveLength(700);
    expect(await readAll("/odata/v4/Items?$top=3&$skip=2")).toEqual(["I0002", "I0003", "I0004"]);
  });

  it("filters as OData does", async () => {
    const count = async (filter: string) =>
      Number((await call("GET", `/odata/v4/Items/$count?$filter=${encodeURIComponent(filter)}`)).body);
    expect(await count("ItemNumber eq 'I0007'")).toBe(1);
    expect(await count("ItemNumber in ('I0001','I0002','nothing')")).toBe(2);
    expect(await count("StandardPrice ge 1.5 and StandardPrice lt 1.55")).toBe(5);
    expect(await count("ItemNumber eq 'I0001' or ItemNumber eq 'I0002' and StandardPrice gt 5")).toBe(1);
    expect(await count("(ItemNumber eq 'I0001' or ItemNumber eq 'I0002') and StandardPrice gt 5")).toBe(0);
    expect(await count("not contains(Description,'odd') and startswith(ItemNumber,'I')")).toBe(602);
    expect(await count("ItemNumber eq null")).toBe(0);
  });

  it("compares the change cursor in whole seconds", async () => {
    const made = (await call("POST", "/odata/v4/Items", { ItemNumber: "LATE" })).body;
    const ms = Number(/\((\d+)\)/.exec(made.LastChangeDateTime)?.[1]);
    expect(ms % 1000).toBe(0);
    const at = new Date(ms).toISOString();
    const since = (await filtered(`LastChangeDateTime ge ${at}`, "&$orderby=ID desc")).body.value.map(
      (item: { ID: number }) => item.ID,
    );
    expect(since).toContain(made.ID);
    const after = (await filtered(`LastChangeDateTime gt ${at}`, "&$orderby=ID desc")).body.value.map(
      (item: { ID: number }) => item.ID,
    );
    expect(after).not.toContain(made.ID);
    expect(
      (await filtered(`LastChangeDateTime ge datetime'${at.slice(0, 19)}'`)).body.value.length,
    ).toBeGreaterThan(0);
  });

  it("selects fields and counts", async () => {
    const answer = await call("GET", "/odata/v4/Items?$select=ItemNumber&$top=1&$count=true");
    expect(answer.body.value).toEqual([{ ItemNumber: "I0000" }]);
    expect(answer.body["@odata.count"]).toBeGreaterThanOrEqual(TOTAL);
  });

  it("says what it cannot read instead of answering something else", async () => {
    for (const query of [
      "$filter=Colour eq 'red'",
      "$filter=ItemNumber like 'I'",
      "$filter=ItemNumber eq",
      "$filter=ItemNumber eq 'I' and",
      "$filter=LastChangeDateTime ge 2026-99-99",
      "$orderby=Colour",
      "$top=-1",
      "$search=x",
      "$expand=Lines",
    ]) {
      const answer = await call("GET", `/odata/v4/Items?${query.replaceAll(" ", "%20")}`);
      expect([query, answer.status]).toEqual([query, 400]);
    }
    expect((await call("GET", "/odata/v4/Items(99999)")).status).toBe(404);
    expect((await call("GET", "/odata/v4/Nothing")).body.error.code).toBe("NOT_FOUND");
  });
});
