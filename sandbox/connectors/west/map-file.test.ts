// What WEST's files mean, without WEST: whole and cut, with bad rows, in the hour that comes twice.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mapFile } from "./map-file.ts";
import { readReference, writeReference } from "./reference.ts";

const base = { location: "WEST", encoding: "latin1", timeZone: "Europe/London" } as const;
const file = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const adjustment = (header: string, rows: string[], trailer: string) =>
  [
    `HDR;ADJ;WEST;0001;${header};Europe/London;9`,
    "NO;ARTICLE;QTY;COND;REASON;TIME",
    ...rows,
    trailer,
    "",
  ].join("\r\n");
const mapText = (body: string, modified = "2026-11-24T07:46:12.060Z") =>
  mapFile({ topic: "ADJ", id: `ADJ_1.csv/${Date.parse(modified)}/1`, contentType: "", body }, base);

describe("mappings", () => {
  it.each(["SHP", "RCV", "RET", "ACK", "STK", "ADJ"])("of %s are as they were", (kind) => {
    const message = {
      topic: kind,
      id: `${kind}_20261124_0001.csv/${Date.parse("2026-11-24T07:46:12.060Z")}/100`,
      contentType: "text/csv",
      body: file(`${kind}_20261124_0001.csv`),
    };
    expect(mapFile(message, base)).toEqual(JSON.parse(file(`${kind}_20261124_0001.json`).toString()));
  });

  it("let good rows go on and name bad ones by their lines", () => {
    const rows = [
      "1;A;3-;A;COUNT;2026-11-24 07:46:11.581",
      "2;A;three;A;COUNT;2026-11-24 07:46:11.581",
      "3;A;1;X;COUNT;2026-11-24 07:46:11.581",
      "4;A;1;A;COUNT",
      "5;A;1;A;COUNT;yesterday",
      "6;B;2;H;COUNT;2026-11-24 07:46:11.581",
    ];
    const mapping = mapText(adjustment("2026-11-24 07:46:12.059", rows, "TRL;6;4"));
    expect(mapping).toMatchObject({
      events: [{ data: { quantity: "-3" } }, { data: { quantity: "2", status: "held" } }],
      problems: [{ line: 4 }, { line: 5 }, { line: 6 }, { line: 7 }],
    });
  });

  it("refuse a file that is not whole, with its line", () => {
    const row = "1;A;3;A;COUNT;2026-11-24 07:46:11.581";
    const at = "2026-11-24 07:46:12.059";
    expect(mapText(adjustment(at, [row], "TRL;2;3"))).toMatchObject({ path: "line 4" });
    expect(mapText(adjustment(at, [row], "TRL;1;4"))).toMatchObject({ path: "line 4" });
    expect(mapText(adjustment(at, [row], "TRL;1;3").replace("ADJ", "SHP"))).toMatchObject({ path: "line 2" });
    const whole = adjustment(at, [row], "TRL;1;3");
    expect(mapText(whole)).toHaveProperty("events");
    for (let length = 0; length < whole.length - 1; length++)
      expect(mapText(whole.slice(0, length))).toHaveProperty("failed");
  });

  it("tell the repeated hour apart by when the file was written", () => {
    const timesOf = (header: string, local: string, modified: string) => {
      const mapping = mapText(adjustment(header, [`1;A;3;A;COUNT;${local}`], "TRL;1;3"), modified);
      return (mapping as { events: { data: { occurredAt: string } }[] }).events[0]!.data.occurredAt;
    };
    const hour = "2026-10-25 01:30";
    const row = `${hour}:00.000`;
    expect(timesOf(`${hour}:00.100`, row, "2026-10-25T00:30:00.101Z")).toBe("2026-10-25T00:30:00.000000Z");
    expect(timesOf(`${hour}:00.100`, row, "2026-10-25T01:30:00.101Z")).toBe("2026-10-25T01:30:00.000000Z");
    // Written after the hour: the row is of its second round; written in the second, the row may be of the first.
    const late = "2026-10-25 01:59:59.900";
    expect(timesOf("2026-10-25 02:00:00.100", late, "2026-10-25T02:00:00.101Z")).toBe(
      "2026-10-25T01:59:59.900000Z",
    );
    expect(timesOf("2026-10-25 01:00:00.100", late, "2026-10-25T01:00:00.101Z")).toBe(
      "2026-10-25T00:59:59.900000Z",
    );
  });

  it("of references come back in Latin-1 without a semicolon", () => {
    for (const orderId of ["1", "A-R1", "50%", "a!b;c", "日本"]) {
      const reference = { company: "uk", orderId, ordinal: 3 };
      const text = writeReference(reference);
      expect(text).toMatch(/^[ -:<-~]+$/);
      expect(readReference(text)).toEqual(reference);
    }
  });
});
