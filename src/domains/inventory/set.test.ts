import { describe, expect, test } from "vitest";
import { stockKey } from "../key.ts";
import { decideSet, type SetMember } from "./set.ts";
import type { StockLevel } from "./state.ts";
import { clock, codes, SKU, StockHistory, sourceOf, units } from "./testing.ts";

const set = {
  location: "EAST",
  setId: "F1",
  observedAt: clock("09:00"),
  count: 9,
  source: "east",
  company: "main",
};

function level(count: number, about: Partial<StockLevel> = {}): StockLevel {
  return {
    location: "EAST",
    status: "available",
    owner: "",
    lot: "",
    onHand: units(count),
    base: units(count),
    observedAt: clock("08:00"),
    sequence: "",
    movementsAfter: 0,
    ...about,
  };
}

/** SKUs A to J with stock; the set names all but J. */
const ten = [..."ABCDEFGHIJ"].map((sku) => ({ sku, level: level(5) }));
const nine: SetMember[] = [..."ABCDEFGHI"];

const decide = (facts: { inSet?: SetMember[]; known?: typeof ten; recordedLevels?: number }, about = {}) =>
  decideSet(
    { ...set, ...about },
    { recordedLevels: facts.recordedLevels ?? 9, inSet: facts.inSet ?? nine, known: facts.known ?? ten },
    sourceOf("east"),
  );

test("what a whole set leaves out stands at zero, as its source observed it", () => {
  const { followUps, problems } = decide({});
  expect(problems).toEqual([]);
  expect(followUps).toEqual([
    {
      type: "inventory.level.observed",
      source: "east",
      company: "main",
      key: stockKey("main", "J"),
      time: clock("09:00"),
      data: {
        company: "main",
        sku: "J",
        location: "EAST",
        status: "available",
        owner: "",
        lot: "",
        quantity: "0",
        observedAt: clock("09:00"),
        setId: "F1",
      },
    },
  ]);
});

test("a truncated full set: nothing is zeroed, until a whole one comes", () => {
  const { followUps, problems } = decide({ recordedLevels: 7, inSet: [..."ABCDEFG"] });
  expect(followUps).toEqual([]);
  expect(codes({ problems })).toEqual(["inventory.set-incomplete"]);
  expect(problems[0]!.detail).toMatchObject({ count: 9, recorded: 7, setId: "F1" });
  expect(decide({}).solved).toContain(problems[0]!.fingerprint);
});

test("a set with more levels than it counted is not whole either", () => {
  expect(codes(decide({ recordedLevels: 10 }))).toEqual(["inventory.set-incomplete"]);
});

test("a set that would zero more than its share is held, with the list", () => {
  const { followUps, problems } = decide({ inSet: [..."ABCDEFG"], recordedLevels: 7 }, { count: 7 });
  expect(followUps).toEqual([]);
  expect(codes({ problems })).toEqual(["inventory.set-held"]);
  expect(problems[0]!.detail).toMatchObject({ zeroed: 3, stocked: 10, skus: ["H", "I", "J"] });
  expect(decide({}).solved).toContain(problems[0]!.fingerprint);
});

test("an empty set of a place with stock is held", () => {
  expect(codes(decide({ inSet: [], recordedLevels: 0 }, { count: 0 }))).toEqual(["inventory.set-held"]);
});

test("SKUs that stand at zero already do not water the share down, and are not zeroed again", () => {
  const empty = Array.from({ length: 90 }, (_, index) => ({ sku: `E${index}`, level: level(0) }));
  const { problems } = decide(
    { known: [...ten, ...empty], inSet: [..."ABCDEFG"], recordedLevels: 7 },
    { count: 7 },
  );
  expect(codes({ problems })).toEqual(["inventory.set-held"]);
  expect(decide({ known: [...ten, ...empty] }).followUps).toHaveLength(1);
});

test("what was sold down to zero is observed as zero, and counts as no SKU less", () => {
  const sold = [..."VWXYZ"].map((sku) => ({ sku, level: level(5, { onHand: 0n, movementsAfter: 1 }) }));
  expect(decide({ known: [...ten, ...sold] }).followUps).toHaveLength(6);
});

test("what was observed after the set is not zeroed by it", () => {
  const newer = { sku: "J", level: level(5, { observedAt: clock("09:00:00.1") }) };
  expect(decide({ known: [...ten.slice(0, 9), newer] }).followUps).toEqual([]);
});

test("what was only ever moved, and never observed, is zeroed; its later movements count on", () => {
  const moved = { sku: "J", level: level(5, { observedAt: "", base: 0n }) };
  expect(decide({ known: [...ten.slice(0, 9), moved] }).followUps).toHaveLength(1);
});

test("a lot that is gone while another stays is zeroed, and counts as no SKU less", () => {
  const known = [
    { sku: "A", level: level(5, { lot: "L1" }) },
    { sku: "A", level: level(5, { lot: "L2" }) },
  ];
  const { followUps } = decide({ known, inSet: [{ sku: "A", lot: "L2" }], recordedLevels: 1 }, { count: 1 });
  expect(followUps.map((event) => event.data.lot)).toEqual(["L1"]);
});

test("another system's set zeroes nothing, nor does one of a place that nobody keeps, nor one from the future", () => {
  const facts = { recordedLevels: 9, inSet: nine, known: ten };
  const foreign = decideSet({ ...set, source: "west" }, facts, sourceOf("west"));
  const nowhere = decideSet({ ...set, location: "NORTH" }, facts, sourceOf("east"));
  const recordedAt = clock("08:00");
  const future = decideSet({ ...set, recordedAt }, facts, sourceOf("east"));
  expect([foreign, nowhere, future].flatMap((decision) => decision.followUps)).toEqual([]);
  expect([foreign, nowhere, future].flatMap(codes)).toEqual([
    "inventory.not-owner",
    "inventory.unknown-location",
    "inventory.future-observation",
  ]);
});

describe("two sets in one second", () => {
  /** One set has the SKU with 5, the other lacks it; by a clock of whole seconds neither is newer. */
  const source = sourceOf("east", { resolutionMs: 1000 });
  const observedAt = clock("09:00:01");

  test.each(["with it first", "without it first"])("%s: the lower figure, zero", (order) => {
    const stock = new StockHistory(source);
    stock.observe(8, clock("08:00"));
    const steps = [
      () => stock.observe(5, observedAt, { setId: "F1" }),
      () => {
        const known = [...ten, { sku: SKU, level: stock.item.levels[0]! }];
        const facts = { recordedLevels: 10, inSet: [..."ABCDEFGHIJ"], known };
        const { followUps } = decideSet({ ...set, setId: "F2", observedAt, count: 10 }, facts, source);
        for (const { type, data } of followUps) stock.apply(type, "east", { ...data });
      },
    ];
    for (const step of order === "with it first" ? steps : steps.reverse()) step();
    expect(stock.onHand()).toBe("0");
    stock.observe(4, clock("09:00:02"));
    expect(stock.onHand()).toBe("4");
  });
});
