import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OutboundMessage } from "../../connector/index.ts";
import { readRecord } from "../../core/csv-record.ts";
import { fileNameOf } from "./file-name.ts";
import { renderFile } from "./render.ts";
import { folderForEach, type Input, open, settle, signal } from "./testing.ts";

const root = folderForEach("in");

type Target = Parameters<typeof renderFile>[0];
const call = { timeoutMs: 5_000, signal };
const release = (orderId = "O-1", quantity = "2"): OutboundMessage => ({
  deliveryId: `d-${orderId}`,
  type: "order.release",
  key: `order:main/${orderId}`,
  payload: {
    orderId,
    releasedAt: "2026-06-25T08:30:00.000000Z",
    lines: [
      { sku: "A;B", quantity },
      { sku: "Müll", quantity: "1.5" },
    ],
  },
  attempt: 1,
});
const target = (more: Partial<Target> = {}): Target => ({
  folder: "in",
  name: "ORD_{key}.csv",
  rows: "lines",
  format: { kind: "csv", separator: ";", trailer: "TRL;{count};{sum}", sumOf: "QTY" },
  columns: [
    { name: "ORDER", field: "orderId" },
    { name: "SKU", line: "sku" },
    { name: "QTY", line: "quantity", decimal: "," },
    { name: "AT", field: "releasedAt", format: "dd.MM.yyyy HH:mm", zone: "Europe/London" },
  ],
  ...more,
});
const text = (more: Partial<Target>, ...messages: OutboundMessage[]) =>
  renderFile(target(more), messages.length === 0 ? [release()] : messages).toString();
const outbound = (given: Target): Input => ({
  at: { transport: "folder", path: root.path },
  outbound: { "order.release": given },
});
const writer = (given = target()) => open(outbound(given)).writers["order.release"]!;

describe("what a file holds", () => {
  test("separated values with a trailer that counts and adds up", () => {
    expect(text({})).toBe(
      'ORDER;SKU;QTY;AT\nO-1;"A;B";2;25.06.2026 09:30\nO-1;Müll;1,5;25.06.2026 09:30\nTRL;2;3,5\n',
    );
  });

  test("fixed width, JSON lines, XML", () => {
    const fixed = [
      { name: "SKU", line: "sku", length: 6 },
      { name: "QTY", line: "quantity", length: 5, align: "right", pad: "0" },
    ] as const;
    expect(text({ format: { kind: "fixed", newline: "crlf" }, columns: [...fixed] })).toBe(
      "A;B   00002\r\nMüll  001.5\r\n",
    );
    const columns = [{ name: "SKU", line: "sku" }];
    expect(text({ format: { kind: "json-lines" }, columns })).toBe('{"SKU":"A;B"}\n{"SKU":"Müll"}\n');
    expect(text({ format: { kind: "xml", root: "Orders", record: "Line" }, columns })).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Orders>\n  <Line>\n    <SKU>A;B</SKU>\n  </Line>\n  <Line>\n    <SKU>Müll</SKU>\n  </Line>\n</Orders>\n',
    );
  });

  test("any text comes back as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", minLength: 1 }), { minLength: 1 }), (values) => {
        if (values.some((value) => !value.isWellFormed())) return;
        const columns = [
          { name: "X", line: "x" },
          { name: "END", constant: "." },
        ];
        const message = { ...release(), payload: { lines: values.map((x) => ({ x })) } };
        const units = renderFile(target({ columns, format: { kind: "csv", header: false } }), [
          message,
        ]).toString();
        let at = 0;
        for (const value of values) {
          const record = readRecord(units, at, { separator: ",", quote: '"' }, true)!;
          expect(record.cells).toEqual([value, "."]);
          at = record.to;
        }
        expect(at).toBe(units.length);
      }),
    );
  });

  test("what cannot be written as it is, is refused, and the others of the batch go", async () => {
    const given = target({
      name: "ORD_{deliveryId}.csv",
      batchMax: 10,
      write: "none",
      format: { kind: "csv", encoding: "latin1" },
    });
    const strange = {
      ...release("O-2"),
      payload: { ...(release("O-2").payload as object), orderId: "日本" },
    };
    const lacking = {
      ...release("O-3"),
      payload: { orderId: "O-3", lines: [{ sku: "A" }], releasedAt: "2026-06-25T08:30:00.000000Z" },
    };
    const answers = await writer(given).send([release("O-1"), strange, lacking, release("O-4")], call);
    expect(answers).toMatchObject([
      { kind: "done", reference: "ORD_d-O-1.csv" },
      { kind: "refused", code: "files.not-encodable" },
      {
        kind: "refused",
        code: "files.unwritable",
        reason: "QTY: the payload has no quantity, and there is no default.",
      },
      { kind: "done", reference: "ORD_d-O-1.csv" },
    ]);
    expect(await readdir(join(root.path, "in"))).toEqual(["ORD_d-O-1.csv"]);
    expect((await readFile(join(root.path, "in/ORD_d-O-1.csv"), "latin1")).split("\n")).toHaveLength(6);
    const long = { columns: [{ name: "SKU", line: "sku", length: 2 }], format: { kind: "fixed" } } as const;
    expect(() => text({ format: long.format, columns: [...long.columns] })).toThrow(
      "longer than 2 characters",
    );
  });
});

describe("a file is written once", () => {
  test("and is looked up by its name, also where the partner moved it", async () => {
    const w = writer(target({ taken: ["in/done"] }));
    expect(await w.find!(release(), call)).toEqual({ kind: "absent" });
    const reference = "ORD_order_3amain_2fO-1.csv";
    expect(await w.send([release()], call)).toEqual([{ kind: "done", reference }]);
    expect(await w.find!(release(), call)).toEqual({ kind: "found", reference });
    await mkdir(join(root.path, "in/done"));
    await rename(join(root.path, "in", reference), join(root.path, "in/done", reference));
    expect(await w.find!(release(), call)).toEqual({ kind: "found", reference });
    expect(await w.find!(release("O-2"), call)).toEqual({ kind: "absent" });
  });

  test("an absolute one takes the place of the one before", async () => {
    const w = writer(target({ write: "absolute", name: "ORD.csv" }));
    await w.send([release("O-1")], call);
    await w.send([release("O-2")], call);
    expect(await readdir(join(root.path, "in"))).toEqual(["ORD.csv"]);
    expect(await readFile(join(root.path, "in/ORD.csv"), "utf8")).toContain("O-2");
  });

  test("a folder that went is an outage, and a stopping node writes nothing", async () => {
    const stopping = AbortSignal.abort();
    expect(await writer().send([release()], { ...call, stopping })).toMatchObject([{ kind: "ill" }]);
    await rm(join(root.path, "in"), { recursive: true });
    expect(await writer().send([release()], call)).toMatchObject([{ kind: "ill" }]);
  });

  test("different keys have different names that every file system takes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
        const [one, other] = [a, b].map((key) =>
          fileNameOf("F_{key}.csv", { ...release(), key: key.toWellFormed() }),
        );
        expect(one).toMatch(/^F_[A-Za-z0-9._-]*\.csv$/);
        expect(one!.length).toBeLessThanOrEqual(200);
        expect(one === other).toBe(a.toWellFormed() === b.toWellFormed());
      }),
    );
  });

  test("what is declared is what the engine is told", () => {
    const { writes } = settle(
      outbound(target({ batchMax: 50, write: "none", name: "ORD_{deliveryId}.csv" })),
    );
    expect(writes).toEqual({ "order.release": { kind: "none", bulkMax: 50 } });
    expect(settle(outbound(target())).writes).toEqual({ "order.release": { kind: "lookup", bulkMax: 1 } });
  });
});
