// What EAST's messages mean, without EAST, and what our orders are called there.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { codesOf } from "../../../src/connector/index.ts";
import { east, mapMessage } from "./index.ts";
import { readReference, writeReference } from "./reference.ts";

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8"));

const place = { location: "EAST", codes: codesOf(east.connector.codes!) };

describe("mappings", () => {
  it.each(["shipped", "short", "adjusted", "received", "return", "stock"])(
    "of %s are as they were",
    (name) => {
      const { message, mapping } = fixture(`${name}.json`);
      expect(mapMessage({ ...message, body: JSON.stringify(message.body) }, place)).toEqual(mapping);
    },
  );

  it("name what cannot be read by its path", () => {
    const message = {
      topic: "events",
      id: "1",
      contentType: "",
      body: '{"seq":1,"type":"outbound.shipped","data":{}}',
    };
    expect(mapMessage(message, place)).toMatchObject({
      failed: expect.any(String),
      path: "$.data.externalOrderNo",
    });
    const other = { ...message, body: '{"seq":1,"type":"constructor","data":{}}' };
    expect(mapMessage(other, place)).toMatchObject({ path: "$.type" });
  });

  it("of references come back, and those of others stay as they are", () => {
    for (const orderId of ["1", "A-R1", "50%", "a!b~c,d;e", "日本", "x-R"]) {
      for (const lineIds of [undefined, ["a,b", "~", "日"]]) {
        const reference = { company: "uk", orderId, ordinal: 3, ...(lineIds && { lineIds }) };
        expect(readReference(writeReference(reference))).toEqual(reference);
      }
    }
    expect(readReference("50%-R1").orderId).toBe("50%-R1");
    expect(readReference("counter sale")).toEqual({ company: "", orderId: "counter sale", ordinal: 0 });
  });
});
