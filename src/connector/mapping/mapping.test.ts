import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NumberText } from "../../core/json.ts";
import { catalogue, type Fault } from "../../domains/catalogue.ts";
import type { SchemaNode } from "../../domains/explain.ts";
import { type OutboundType, outboundKinds } from "../../domains/outbound.ts";
import { checkFields, type FieldRule, reporter } from "./check.ts";
import { readDecimal } from "./decimal.ts";
import { contractField, fieldsOf, missingFields, putField } from "./field.ts";
import { payloadFields, payloadLists } from "./payload.ts";
import { readTime, sinceText, timeText } from "./time.ts";
import { converted, unfitPath } from "./unfit.ts";
import { reader, writer } from "./value.ts";

const contractOf = (type: string) => catalogue[type]!.schema as SchemaNode;
const level = contractOf("inventory.level.observed");
const submitted = contractOf("order.submitted");

describe("a field of a contract", () => {
  test.each([
    ["sku", "text"],
    ["quantity", "decimal"],
    ["status", "code"],
    ["observedAt", "time"],
  ])("%s is a %s", (name, kind) => {
    expect(contractField(level, name)?.kind).toBe(kind);
  });
  test.each([
    ["customer.id", "text"],
    ["lines[0].quantity", "decimal"],
    ["lines[].quantity", "decimal"],
    ["lines", "structure"],
    ["shipComplete", "boolean"],
    ["priority", "integer"],
  ])("%s of an order is a %s", (name, kind) => {
    expect(contractField(submitted, name)?.kind).toBe(kind);
  });
  test.each(["", "skuu", "sku.x", "lines.sku", "lines[0]sku", "constructor", "__proto__", "sku[0]"])(
    "%s is none",
    (name) => {
      expect(contractField(submitted, name)).toBeUndefined();
    },
  );

  test("every one that a contract has is found, filled where it says, and is then missing nowhere", () => {
    for (const { schema } of Object.values(catalogue)) {
      const names = fieldsOf(schema as SchemaNode);
      expect(missingFields(schema as SchemaNode, names).filter((name) => names.includes(name))).toEqual([]);
      for (const name of names) {
        const field = contractField(schema as SchemaNode, name)!;
        const data = {};
        putField(data, field.path, "here");
        expect(JSON.stringify(data)).toContain('"here"');
      }
    }
  });

  test("is missing where an object is begun and not completed", () => {
    const given = ["orderId", "currency", "placedAt", "lines[0].sku", "lines[0].lineId", "lines[0].quantity"];
    expect(missingFields(submitted, given)).toEqual(["lines[0].price"]);
    expect(missingFields(contractOf("inventory.movement.recorded"), ["order.orderId"])).toContain(
      "order.lineId",
    );
  });
});

describe("a mapping is checked with the configuration", () => {
  const sound: Record<string, FieldRule> = {
    sku: {},
    location: { constant: "EAST" },
    quantity: {},
    observedAt: {},
  };
  const faultsOf = (more: Record<string, FieldRule>, type = "inventory.level.observed") => {
    const faults: Fault[] = [];
    checkFields(type, { ...sound, ...more }, ["event"], reporter(faults));
    return faults.map(({ path, message }) => `${path} ${message}`).join("\n");
  };

  test("one that holds has no fault", () => {
    expect(faultsOf({ status: { words: { A: "available" } } })).toBe("");
  });
  test.each<[Record<string, FieldRule>, string]>([
    [{ skuu: {} }, '$.event.fields.skuu is no field of inventory.level.observed. Did you mean "sku"'],
    [{ status: { constant: "lost" } }, "$.event.fields.status.constant must be one of"],
    [{ status: { words: { A: "gone" } } }, "$.event.fields.status.words.A must be one of"],
    [{ observedAt: { format: "dd.MM.yyyy" } }, "$.event.fields.observedAt.zone is required"],
    [{ observedAt: { format: "dd.MM" } }, "$.event.fields.observedAt.format has no year"],
    [
      { observedAt: { format: "dd.dd.yyyy" } },
      "$.event.fields.observedAt.format says a part of the time twice",
    ],
    [{ observedAt: { zone: "Mars/Base" } }, "$.event.fields.observedAt.zone"],
    [{ sku: { zone: "UTC" } }, "$.event.fields.sku.zone is of times"],
    [{ sku: { scale: 2 } }, "$.event.fields.sku.scale is of figures"],
    [
      { sku: { optional: true } },
      "$.event.fields.sku.optional is true, and inventory.level.observed requires",
    ],
  ])("%j is refused", (more, expected) => {
    expect(faultsOf(more)).toContain(expected);
  });
  test("an event that there is not, or that nobody may report, is refused", () => {
    expect(faultsOf({}, "inventory.level.observd")).toContain("$.event.type");
    expect(faultsOf({}, "order.accepted")).toContain("a decision that only Crossdock makes");
  });
});

describe("a figure", () => {
  test("is read as it was written, whatever its marks", () => {
    const figure = fc
      .tuple(
        fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n }),
        fc.integer({ min: 0, max: 999_999 }),
      )
      .map(([whole, part]) => ({ whole, part: String(part).padStart(6, "0") }));
    fc.assert(
      fc.property(
        figure,
        fc.constantFrom<"." | ",">(".", ","),
        fc.boolean(),
        ({ whole, part }, mark, behind) => {
          const digits = String(whole < 0n ? -whole : whole);
          const grouped = digits.replace(/\B(?=(\d{3})+$)/g, mark === "." ? "," : ".");
          const sign = whole < 0n ? "-" : "";
          const plain = readDecimal(`${sign}${digits}.${part}`, {});
          const cell = `${grouped}${mark}${part}`;
          expect(readDecimal(behind ? `${cell}${sign}` : `${sign}${cell}`, { decimal: mark })).toBe(plain);
          expect(readDecimal(new NumberText(`${sign}${digits}.${part}`), { decimal: mark })).toBe(plain);
          expect(readDecimal(`${sign}${digits}${part}`, { scale: 6 })).toBe(plain);
        },
      ),
    );
  });
  test.each([
    ["1,500", {}],
    ["1,500.00", {}],
    ["1.50", { decimal: "," }],
    ["1.2345,0", { decimal: "," }],
    ["1,5", { decimal: "." }],
    ["12.5", { scale: 2 }],
    ["-1-", {}],
    ["--1", {}],
    ["", {}],
    ["1e", {}],
    ["0.1234567", {}],
    ["1234567890123456", {}],
  ] as const)("%s as %j is none", (text, rule) => {
    expect(() => readDecimal(text, rule)).toThrow();
  });
  test.each([
    ["1.234,50", { decimal: "," }, "1234.5"],
    ["1,500", { decimal: "." }, "1500"],
    ["3-", {}, "-3"],
    ["00012500", { scale: 2 }, "125"],
    ["5", { scale: 2 }, "0.05"],
    ["4", { negate: true }, "-4"],
    ["2E1", {}, "20"],
    ["1.5E-2", {}, "0.015"],
  ] as const)("%s as %j is %s", (text, rule, figure) => {
    expect(readDecimal(text, rule)).toBe(figure);
  });
});

describe("a time", () => {
  test.each([
    ["2026-11-24 07:00:00+00", {}, "2026-11-24T07:00:00.000000Z"],
    ["2026-11-24 07:00:00.5+0530", {}, "2026-11-24T01:30:00.500000Z"],
    ["2026-07-01", { zone: "Europe/Berlin" }, "2026-06-30T22:00:00.000000Z"],
    ["2026-07-01 08:00:00.123456", { zone: "Europe/Berlin" }, "2026-07-01T06:00:00.123456Z"],
    ["1.7.26 8:05", { format: "d.M.yy H:mm", zone: "UTC" }, "2026-07-01T08:05:00.000000Z"],
    ["20261025T013000+0100", { format: "yyyyMMdd'T'HHmmssXXX" }, "2026-10-25T00:30:00.000000Z"],
    ["2026-10-25T01:30:00", { zone: "Europe/London" }, "2026-10-25T00:30:00.000000Z"],
    ["1795500000.5", { format: "epoch-s" }, "2026-11-24T06:00:00.500000Z"],
  ] as const)("%s as %j is %s", (text, rule, expected) => {
    expect(readTime(text, rule)).toBe(expected);
  });
  test.each([
    ["2026-02-30", { zone: "UTC" }],
    ["2026-11-24 07:00:00", {}],
    ["2026-11-24T25:00:00Z", {}],
    ["31.02.2026", { format: "dd.MM.yyyy", zone: "UTC" }],
    ["soon", { format: "epoch-ms" }],
    ["1e300", { format: "epoch-s" }],
    [null, {}],
    [true, {}],
  ] as const)("%s as %j is none", (text, rule) => {
    expect(() => readTime(text, rule)).toThrow();
  });

  const instants = fc.integer({ min: 0, max: 4_000_000_000 }).map((s) => new Date(s * 1000).toISOString());
  const rules = fc.constantFrom(
    {},
    { format: "epoch-s" },
    { format: "epoch-ms" },
    { format: "yyyy-MM-dd HH:mm:ssXXX", zone: "America/New_York" },
  );
  test("is read again as it was written", () => {
    fc.assert(
      fc.property(instants, rules, (iso, rule) => {
        const time = readTime(iso, {});
        expect(readTime(timeText(time, rule), rule)).toBe(time);
      }),
    );
  });
  test("none that is later is written before the text that everything since is asked by", () => {
    const zone = "Europe/London";
    fc.assert(
      fc.property(fc.integer({ min: -7_200, max: 7_200 }), fc.nat(20_000), (offset, later) => {
        // Around the end of summer time.
        const at = Date.parse("2026-10-25T01:00:00Z") / 1000 + offset;
        const [one, two] = [at, at + later].map((s) =>
          readTime(new NumberText(String(s)), { format: "epoch-s" }),
        );
        expect(sinceText(one!, { zone }) <= timeText(two!, { zone })).toBe(true);
      }),
    );
  });
});

describe("a value that does not fit", () => {
  test.each([
    [reader("decimal", {}), "many", 'QTY: "many" is no number.'],
    [reader("integer", {}), new NumberText("1.5"), "QTY: 1.5 is no whole number."],
    [
      reader("boolean", {}),
      "yes",
      'QTY: "yes" is neither true nor false: other words need a table of words.',
    ],
    [reader("code", { words: { A: "available" } }), "B", 'QTY: "B" is none of the words A.'],
    [
      reader("code", { words: { A: "available" } }),
      "constructor",
      'QTY: "constructor" is none of the words A.',
    ],
    [reader("text", {}), {}, "QTY: an object is no text and no number."],
    [reader("text", {}), "M\ufffd", "encoding"],
    [writer({ words: { EA: "PCE" } }), "KG", 'QTY: "KG" is none of the words EA.'],
  ])("%#: says where it stood, what it is and the rule", (convert, value, expected) => {
    let thrown: unknown;
    try {
      converted(convert, value, "QTY");
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).message).toContain(expected);
    expect(unfitPath(thrown)).toBe("QTY");
  });
});

test("every message has its fields, and the lists their own", () => {
  for (const type of Object.keys(outboundKinds) as OutboundType[])
    expect(payloadFields(type)).toContain("company");
  expect(payloadFields("order.booking")).toEqual(
    expect.arrayContaining(["customer", "customer.id", "lines"]),
  );
  expect(payloadLists("order.booking").lines).toContain("priceUnit");
  expect(payloadLists("inventory.level")).toEqual({});
});
