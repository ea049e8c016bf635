import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunningSystem } from "../simulation/running-system.ts";
import { type Call, caller, waitFor } from "../simulation/testing.ts";
import { columns, formatFile, type InKind, readSigned } from "./file-format.ts";
import { LocalClock } from "./local-time.ts";
import { startWest } from "./start.ts";

let root: string;
let west: RunningSystem;
let call: Call;
let fileNumber = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "west-"));
  west = await startWest({ folder: root });
  call = caller(west.url);
});
afterAll(async () => {
  await west.stop();
  rmSync(root, { recursive: true });
});
beforeEach(async () => {
  await west.reset();
  const fast = { scanMs: 10, exportMs: 20, pickDelayMs: 60, shipDelayMs: 60, deliverDelayMs: 60 };
  await call("POST", "/control/settings", fast);
  const items = [
    { sku: "A", description: "GIFT VOUCHER £20.00; “SMALL”", quantity: 10 },
    { sku: "B", quantity: 10, held: 2 },
  ];
  await call("POST", "/control/seed", { items });
});

const folder = (...parts: string[]) => join(root, "west", ...parts);

function put(
  kind: InKind,
  rows: Array<Record<string, string>>,
  change: (text: string) => string = (text) => text,
) {
  fileNumber += 1;
  const number = String(fileNumber).padStart(4, "0");
  const head = { kind, partner: "CROSSDOCK", number, time: "2026-11-24 07:00:00.000", extra: [] };
  const name = `${kind}_20261124_${number}.csv`;
  writeFileSync(folder("in", `${name}.tmp`), change(formatFile(head, rows)), "latin1");
  renameSync(folder("in", `${name}.tmp`), folder("in", name));
  return name;
}

function order(number: string, ...quantities: Array<[string, number]>) {
  return quantities.map(([ARTICLE, QTY], index) => ({
    ORDER: number,
    LINE: String(index + 1),
    ARTICLE,
    QTY: String(QTY),
    PARTIAL: "Y",
    NAME: "A shop",
    COUNTRY: "GB",
    DUE: "",
  }));
}

interface OutFile {
  name: string;
  head: string[];
  rows: Array<Record<string, string>>;
  trailer: string[];
}

function read(name: string, encoding: "latin1" | "utf8" = "latin1"): OutFile {
  const text = readFileSync(folder("out", name), encoding);
  expect(text.endsWith("\r\n")).toBe(true);
  const lines = text
    .slice(0, -2)
    .split("\r\n")
    .map((line) => line.split(";"));
  const names = lines[1] as string[];
  const rows = lines
    .slice(2, -1)
    .map((values) => Object.fromEntries(names.map((key, at) => [key, values[at] ?? ""])));
  return { name, head: lines[0] as string[], rows, trailer: lines.at(-1) as string[] };
}

function outFiles(kind: string): string[] {
  return readdirSync(folder("out"))
    .filter((name) => name.startsWith(`${kind}_`) && name.endsWith(".csv"))
    .sort();
}

function rowsOf(kind: string, count: number): Promise<Array<Record<string, string>>> {
  return waitFor(`${count} rows of ${kind}`, () => {
    const rows = outFiles(kind).flatMap((name) => read(name).rows);
    return rows.length >= count ? rows : undefined;
  });
}

describe("files that WEST writes", () => {
  it("have a header, columns, rows and a trailer that counts and adds up, in Latin-1 without a mark", async () => {
    await call("POST", "/control/stock-set");
    const [name = ""] = outFiles("STK");
    expect(name).toMatch(/^STK_\d{8}_0001\.csv$/);
    const file = read(name);
    expect(file.head.slice(0, 4)).toEqual(["HDR", "STK", "WEST", "0001"]);
    expect(file.head[4]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
    expect(file.head.slice(5)).toEqual(["Europe/London", "0"]);
    expect(file.trailer).toEqual(["TRL", "2", "20"]);
    expect(file.rows.map((row) => [row.ARTICLE, row.ON_HAND, row.PICKED, row.HELD])).toEqual([
      ["A", "10", "0", "0"],
      ["B", "10", "0", "2"],
    ]);
    // Latin-1 has the pound sign in one byte, no curly quotes, and the semicolon is gone.
    expect(file.rows[0]?.DESCRIPTION).toBe("GIFT VOUCHER £20.00, ?SMALL?");
    await call("POST", "/control/settings", { encoding: "utf8" });
    await call("POST", "/control/stock-set");
    const second = readFileSync(folder("out", outFiles("STK")[1] as string));
    expect(second.subarray(0, 3).toString()).toBe("HDR");
    expect(second.toString("utf8")).toContain("£20.00, “SMALL”");
  });

  it("leave picked goods out of ON_HAND until they are shipped, then out of both", async () => {
    await call("POST", "/control/settings", { shipDelayMs: 200 });
    put("ORD", order("O-1", ["A", 4]));
    const figure = async () => {
      await call("POST", "/control/stock-set");
      const row = read(outFiles("STK").at(-1) as string).rows[0];
      return [row?.ON_HAND, row?.PICKED, row?.LAST_NO];
    };
    await waitFor("the pick", async () => ((await figure()).join() === "6,4,0" ? true : undefined));
    const [shipped] = await rowsOf("SHP", 1);
    expect(await figure()).toEqual(["6", "0", shipped?.NO]);
    expect(shipped).toMatchObject({
      STATUS: "SHP",
      ORDER: "O-1",
      SHIPMENT: "LS00000001",
      LINE: "1",
      QTY: "4",
    });
  });

  it("number every row over all kinds without a gap", async () => {
    put("ORD", [...order("O-1", ["A", 12], ["B", 1]), ...order("O-2", ["B", 2])]);
    const shp = await rowsOf("SHP", 6);
    await call("POST", "/control/adjust", { sku: "B", change: -2, reason: "DAMAGE" });
    await call("POST", "/control/receive", {
      reference: "PO-1",
      lines: [{ sku: "A", quantity: 5, line: "10" }],
    });
    await call("POST", "/control/receive-return", { reference: "RMA-9", lines: [{ sku: "A", quantity: 1 }] });
    for (const kind of ["ADJ", "RCV", "RET"]) await rowsOf(kind, 1);
    const files = ["ACK", "SHP", "ADJ", "RCV", "RET"]
      .flatMap((kind) => outFiles(kind))
      .map((name) => read(name));
    const numbers = files.flatMap((file) => file.rows.map((row) => Number(row.NO))).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(shp.filter((row) => row.STATUS === "SHT")).toMatchObject([{ ORDER: "O-1", LINE: "1", QTY: "2" }]);
    expect(shp.filter((row) => row.STATUS === "DLV").map((row) => row.ORDER)).toEqual(["O-1", "O-2"]);
    expect((await rowsOf("ADJ", 1))[0]).toMatchObject({
      ARTICLE: "B",
      QTY: "2-",
      COND: "A",
      REASON: "DAMAGE",
    });
    expect((await rowsOf("RCV", 1))[0]).toMatchObject({ PO: "PO-1", LINE: "10", QTY: "5" });
    expect((await rowsOf("RET", 1))[0]).toMatchObject({ ADVICE: "RMA-9", ORDER: "", QTY: "1" });
    for (const file of files) {
      expect(file.trailer[1]).toBe(String(file.rows.length));
      const total = file.rows.reduce(
        (sum, row) => sum + (row.QTY === undefined ? 0 : readSigned(row.QTY)),
        0,
      );
      expect(readSigned(file.trailer[2] ?? "")).toBe(total);
    }
    const query = (await call("GET", "/query/rows?limit=3")).body;
    expect(query.rows.map((row: { no: number }) => row.no)).toEqual([1, 2, 3]);
    expect(query.next).toBe(3);
  });

  it("come cut before they come whole, twice, or late when told so", async () => {
    const adjust = () => call("POST", "/control/adjust", { sku: "A", change: 1 });
    west.faults.set({ kind: "malformed" });
    await adjust();
    const [cut, whole] = await waitFor("two files", () =>
      outFiles("ADJ").length === 2 ? outFiles("ADJ") : undefined,
    );
    expect(readFileSync(folder("out", cut as string), "latin1")).not.toContain("TRL;");
    expect(read(whole as string).rows).toHaveLength(1);
    west.faults.clear();
    west.faults.set({ kind: "duplicateWebhooks" });
    await adjust();
    const [, , one, two] = await waitFor("four", () =>
      outFiles("ADJ").length === 4 ? outFiles("ADJ") : undefined,
    );
    expect(read(one as string).rows).toEqual(read(two as string).rows);
    west.faults.clear();
    west.faults.set({ kind: "reorderWebhooks", ms: 400 });
    const before = (await call("GET", "/query/files")).body.files.length;
    for (let made = 0; made < 8; made += 1) {
      await adjust();
      await delay(30);
    }
    const names = await waitFor("eight more", async () => {
      const { files } = (await call("GET", "/query/files")).body;
      return files.length >= before + 6
        ? files.slice(before).map((file: { name: string }) => file.name)
        : undefined;
    });
    expect(names).not.toEqual([...names].sort());
  });
});

describe("files that WEST takes", () => {
  it("accepts an order once and calls it a duplicate in any later file, whatever it says", async () => {
    const first = put("ORD", order("O-1", ["A", 1]));
    const second = put("ORD", [...order("O-1", ["A", 5]), ...order("O-2", ["A", 1])]);
    const acks = await rowsOf("ACK", 3);
    expect(acks.map(({ FILE, ORDER, RESULT }) => [FILE, ORDER, RESULT])).toEqual([
      [first, "O-1", "OK"],
      [second, "O-1", "DUP"],
      [second, "O-2", "OK"],
    ]);
    expect(readdirSync(folder("in", "done"))).toEqual([first, second]);
    const { body } = await call("GET", "/query/orders/O-1");
    expect(body.lines).toMatchObject([{ article: "A", ordered: 1 }]);
  });

  it("refuses an order that it cannot work, lets its neighbours in, and takes it mended", async () => {
    put("ORD", [...order("O-1", ["Z", 1]), ...order("O-2", ["A", 0]), ...order("O-3", ["A", 1])]);
    const acks = await rowsOf("ACK", 3);
    expect(acks.map(({ ORDER, RESULT, REASON }) => [ORDER, RESULT, REASON])).toEqual([
      ["O-1", "REJ", "ARTICLE Z"],
      ["O-2", "REJ", "BAD QTY 0"],
      ["O-3", "OK", ""],
    ]);
    put("ORD", order("O-1", ["A", 1]));
    expect((await rowsOf("ACK", 4))[3]).toMatchObject({ ORDER: "O-1", RESULT: "OK" });
  });

  it("refuses a file that is not whole, as a file, and puts it aside", async () => {
    const changes: Array<[string, (text: string) => string]> = [
      ["NO TRAILER", (text) => text.slice(0, text.indexOf("TRL"))],
      ["BAD COUNT", (text) => text.replace("TRL;1;", "TRL;2;")],
      ["BAD SUM", (text) => text.replace("TRL;1;3", "TRL;1;4")],
      ["BAD HEADER", (text) => text.replace("HDR;ORD", "HDR;XXX")],
      ["BAD COLUMNS", (text) => text.replace("ARTICLE", "ITEM")],
    ];
    const names = changes.map(([, change]) => put("ORD", order("O-1", ["A", 3]), change));
    const acks = await rowsOf("ACK", changes.length);
    expect(acks.map(({ ORDER, RESULT, REASON }) => [ORDER, RESULT, REASON])).toEqual(
      changes.map(([reason]) => ["", "REJ", reason]),
    );
    expect(readdirSync(folder("in", "bad"))).toEqual(names);
    expect((await call("GET", "/query/orders")).body.orders).toEqual([]);
  });

  it("ignores a file under its temporary name", async () => {
    writeFileSync(folder("in", "ORD_x.csv.tmp"), "half");
    await delay(60);
    expect(readdirSync(folder("in")).sort()).toEqual(["ORD_x.csv.tmp", "bad", "done"]);
    expect(outFiles("ACK")).toEqual([]);
  });

  it("cancels before the pick and says LATE after it", async () => {
    put("ORD", [...order("O-1", ["A", 1]), ...order("O-2", ["A", 1])]);
    await rowsOf("ACK", 2);
    put("CAN", [{ ORDER: "O-9" }]);
    await rowsOf("SHP", 2);
    put("CAN", [{ ORDER: "O-1" }]);
    expect((await rowsOf("ACK", 4)).slice(2).map((row) => [row.ORDER, row.RESULT])).toEqual([
      ["O-9", "UNK"],
      ["O-1", "LATE"],
    ]);
    await call("POST", "/control/settings", { pickDelayMs: 1500 });
    put("ORD", order("O-3", ["A", 1]));
    await rowsOf("ACK", 5);
    put("CAN", [{ ORDER: "O-3" }]);
    expect((await rowsOf("ACK", 6))[5]).toMatchObject({ ORDER: "O-3", RESULT: "OK", REASON: "CANCELLED" });
    expect((await call("GET", "/query/orders/O-3")).body.state).toBe("cancelled");
  });

  it("receives announced returns and purchases, by itself where set so", async () => {
    await call("POST", "/control/settings", { returnDelayMs: 10, returnCondition: "held" });
    put("RAD", [{ ADVICE: "RMA-1", ORDER: "O-1", LINE: "1", ARTICLE: "A", QTY: "2" }]);
    expect((await rowsOf("RET", 1))[0]).toMatchObject({ ADVICE: "RMA-1", ORDER: "O-1", QTY: "2", COND: "H" });
    put("ASN", [{ PO: "PO-1", LINE: "10", ARTICLE: "B", QTY: "7", DUE: "2026-12-01" }]);
    await rowsOf("ACK", 2);
    await call("POST", "/control/receive", { reference: "PO-1" });
    expect((await rowsOf("RCV", 1))[0]).toMatchObject({ PO: "PO-1", LINE: "10", QTY: "7", COND: "A" });
  });

  it("works an order although its acknowledgement comes late, and waits with all while down", async () => {
    west.faults.set({ kind: "timeoutAfterEffect", ms: 400 });
    put("ORD", order("O-1", ["A", 1]));
    await rowsOf("SHP", 1);
    expect(outFiles("ACK")).toEqual([]);
    await rowsOf("ACK", 1);
    west.faults.clear();
    west.faults.set({ kind: "down" });
    const name = put("ORD", order("O-2", ["A", 1]));
    await delay(150);
    expect(readdirSync(folder("in"))).toContain(name);
    await expect(call("GET", "/query/stock")).rejects.toThrow();
    west.faults.clear();
    expect((await rowsOf("ACK", 2))[1]).toMatchObject({ ORDER: "O-2", RESULT: "OK" });
  });
});

describe("WEST's clock and numbers", () => {
  it("shows the repeated hour twice without telling which", () => {
    const clock = new LocalClock("Europe/London");
    const before = Date.parse("2026-10-25T00:30:00.000Z");
    expect(clock.text(before)).toBe("2026-10-25 01:30:00.000");
    expect(clock.text(before + 3_600_000)).toBe("2026-10-25 01:30:00.000");
    expect(clock.text(Date.parse("2026-07-01T23:30:00.123Z"))).toBe("2026-07-02 00:30:00.123");
    expect(clock.day(Date.parse("2026-07-01T23:30:00.000Z"))).toBe("20260702");
  });

  it("reads a sign before or behind, and nothing else", () => {
    expect([readSigned("3"), readSigned("3-"), readSigned("-3")]).toEqual([3, -3, -3]);
    for (const wrong of ["", "-3-", "1.5", "1e3", "three"]) expect(readSigned(wrong)).toBeNaN();
    expect(columns.STK).toContain("PICKED");
  });
});
