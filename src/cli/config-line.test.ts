import { describe, expect, it } from "vitest";
import { lineOf } from "./config-line.ts";

const text = `import { defineIntegration } from "crossdock";

export default defineIntegration({
  systems: {
    erp: http({ url: "http://erp" }),
    "3pl": http({
      url: env("URL"),
      limits: { concurrency: 4 },
    }),
  },
  flows: [
    flow("availability", "Availability")
      .domain("inventory").to("3pl")
      .within("5s"),
  ],
  stock: { buffers: [{ channel: "3pl", percent: 5 }] },
});
`;

describe("the line of a path", () => {
  it.each([
    ["systems.erp.url", 1, 5],
    ["systems.3pl.url", 1, 7],
    ["systems.3pl.limits.concurrency", 1, 8],
    ["flows.availability.within", 1, 14],
    ["to", 12, 13],
    ["stock.buffers[0].percent", 3, 16],
    ["nowhere.at.all", 1, 1],
    ["systems.erp.password", 1, 5],
    ["", 4, 4],
    ["url", 99, 18],
  ])("%s from line %d is line %d", (path, from, line) => {
    expect(lineOf(text, path, from)).toBe(line);
  });

  it("is found whatever signs a name holds", () => {
    expect(lineOf('a: {\n  "x.*+?": 1 }', "a")).toBe(1);
    expect(() => lineOf(text, "a(b[c{*+?")).not.toThrow();
  });
});
