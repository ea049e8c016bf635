import { inspect } from "node:util";
import { Type } from "typebox";
import { describe, expect, test } from "vitest";
import { defineIntegration, env, secret } from "../policy/define.ts";
import type { SystemDeclaration } from "../policy/integration.ts";
import type { ConnectorSession } from "./contract.ts";
import { defineConnector, withDefault } from "./define.ts";
import { resolveIntegration, resolveSettings } from "./resolve.ts";

const settings = Type.Object(
  {
    url: Type.String({ pattern: "^https?://" }),
    password: Type.String({ minLength: 8, description: "Eight characters or more" }),
    pageSize: withDefault(Type.Integer({ minimum: 1, maximum: 500 }), 100),
    fast: Type.Optional(Type.Boolean()),
    headers: Type.Optional(Type.Record(Type.String(), Type.String({ minLength: 3 }))),
    books: withDefault(Type.Boolean(), true),
  },
  { additionalProperties: false },
);
const nothing = {} as ConnectorSession;
const ledger = defineConnector({
  name: "ledger",
  title: "A ledger",
  settings,
  mappingRevision: 1,
  limits: { concurrency: 2 },
  figures: { quantity: "net" },
  writes: ({ books }): Record<string, { kind: "keyed"; bulkMax: number }> =>
    books ? { "order.booking": { kind: "keyed", bulkMax: 1 } } : {},
  check: ({ url, pageSize }) =>
    url.includes("slow") && pageSize > 10
      ? [{ path: "$.pageSize", message: "is too much for a slow one." }]
      : [],
  open: () => nothing,
});
const given = { url: "https://erp", password: secret("ERP_PASSWORD") };
const environment = {
  ERP_PASSWORD: "correct horse",
  ERP_URL: "https://erp.example",
  SHORT: "ab",
  PAGE: "20",
  BAD: "x",
};

function findingsOf(declaration: SystemDeclaration, from: Record<string, string> = environment): string[] {
  try {
    resolveSettings("erp", declaration, from);
  } catch (error) {
    expect(error).toMatchObject({ code: "configuration.invalid" });
    const { findings } = (error as { details: { findings: { path: string; message: string }[] } }).details;
    return findings.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
}
const resolved = (declaration: SystemDeclaration) => resolveSettings("erp", declaration, environment);

describe("a declaration", () => {
  test("carries the connector, its own words and what stands beside the settings", () => {
    const declaration = ledger({
      ...given,
      mode: "observe",
      limits: { ratePerSecond: 10, requestTimeout: "30s", backoffLast: "1h" },
      clock: { resolution: "1s" },
      figures: { zeroShareMax: 0.5 },
      speaksWithin: "15m",
    });
    expect(declaration).toMatchObject({
      product: "ledger",
      mode: "observe",
      limits: {
        concurrency: 2,
        ratePerSecond: 10,
        requestTimeoutMs: 30_000,
        backoffLastMs: 3_600_000,
        breakerLanes: 5,
      },
      clock: { resolutionMs: 1_000, skewMaxMs: 300_000 },
      figures: { quantity: "net", zeroShareMax: 0.5 },
      speaksWithinMs: 900_000,
      connector: ledger.connector,
    });
    expect(Object.keys(declaration.settings as object)).toEqual(["url", "password"]);
  });

  test.each([
    [{ limits: { requestTimeout: "30" } }, 'ledger: limits.requestTimeout: "30" is no duration'],
    [
      { limits: { requestTimeoutMs: 30 } },
      "ledger: limits.requestTimeoutMs: is not known; there are concurrency",
    ],
    [{ clock: { skew: "1s" } }, "ledger: clock.skew: is not known"],
    [{ speaksWithin: "often" }, 'ledger: speaksWithin: "often" is no duration'],
    [{ mode: "watch" }, 'ledger: mode: is neither "live" nor "observe"'],
  ])("with a malformed word throws, and says where: %j", (change, message) => {
    const declare = () => ledger({ ...given, ...(change as object) });
    expect(declare).toThrow(message);
    expect(declare).toThrow(
      expect.objectContaining({ details: { place: expect.stringMatching(/resolve\.test\.ts:\d+:\d+$/) } }),
    );
  });

  test("leaves a limit that says nothing at its default", () => {
    expect(ledger({ ...given, limits: { concurrency: undefined as never } }).limits.concurrency).toBe(2);
  });

  test("settings may not take the words that every system has", () => {
    expect(() =>
      defineConnector({
        name: "taken",
        title: "Taken",
        settings: Type.Object({ limits: Type.String() }),
        writes: {},
        mappingRevision: 1,
        open: () => nothing,
      }),
    ).toThrow(expect.objectContaining({ code: "connector.invalid" }));
  });
});

describe("settings", () => {
  test("are filled from the environment and with defaults", () => {
    const declaration = ledger({
      ...given,
      url: env("ERP_URL"),
      pageSize: env("PAGE"),
      headers: { accept: env("NONE", "all") },
    });
    expect(resolved(declaration).settings).toMatchObject({
      url: "https://erp.example",
      password: "correct horse",
      pageSize: 20,
      books: true,
      headers: { accept: "all" },
    });
    expect(declaration.settings).toMatchObject({ url: { $env: "ERP_URL" } });
  });

  test("what is missing or wrong is named, all of it", () => {
    expect(findingsOf(ledger({ ...given, url: env("NOPE"), pageSize: 0 }))).toEqual([
      "systems.erp.url is taken from the environment, where NOPE is not set: set it.",
      "systems.erp.pageSize must be 1 or more, not 0.",
    ]);
    expect(findingsOf(ledger({ password: "longenough", uri: "x" } as never))).toEqual([
      "systems.erp.url is required.",
      'systems.erp.uri is not a field here. Did you mean "url"?',
    ]);
    expect(findingsOf(ledger({ ...given, url: env("BAD"), pageSize: env("BAD") }))).toEqual([
      'systems.erp.url is "x", which does not match ^https?://.',
      'systems.erp.pageSize must be a whole number, not "x".',
    ]);
  });

  test("an empty variable is one that is not set", () => {
    expect(findingsOf(ledger(given), { ERP_PASSWORD: "" })).toEqual([
      "systems.erp.password is taken from the environment, where ERP_PASSWORD is not set: set it.",
    ]);
  });

  test("the connector's own rules come last", () => {
    expect(findingsOf(ledger({ ...given, url: "http://slow" }))).toEqual([
      "systems.erp.pageSize is too much for a slow one.",
    ]);
  });

  test("decide what a system can be sent, also where a password is missing", () => {
    expect(resolved(ledger(given)).writes).toEqual({ "order.booking": { kind: "keyed", bulkMax: 1 } });
    expect(resolved(ledger({ ...given, books: false })).writes).toEqual({});
    const integration = defineIntegration({
      systems: { erp: ledger(given), other: ledger({ ...given, pageSize: 0 }) },
    });
    const { integration: partly, findings } = resolveIntegration(integration, {});
    expect(partly.systems.erp!.writes).toEqual({ "order.booking": { kind: "keyed", bulkMax: 1 } });
    expect(findings.map(({ path }) => path)).toEqual([
      "systems.erp.password",
      "systems.other.password",
      "systems.other.pageSize",
    ]);
    for (const { place } of findings) expect(place).toMatch(/resolve\.test\.ts:\d+:\d+$/);
  });
});

describe("a secret", () => {
  const declaration = ledger({ ...given, headers: { "X-Api-Key": secret("ERP_PASSWORD"), accept: "all" } });

  test("is there for the connector, and nowhere else", () => {
    const { settings: open } = resolved(declaration) as {
      settings: { password: string; headers: Record<string, string> };
    };
    expect(open.password).toBe("correct horse");
    expect(open.headers["X-Api-Key"]).toBe("correct horse");
    for (const shown of [
      JSON.stringify(open),
      inspect(open, { depth: 9 }),
      JSON.stringify(resolved(declaration).settings),
    ]) {
      expect(shown).not.toContain("correct horse");
      expect(shown).toContain("***");
      expect(shown).toContain("all");
    }
    expect(Object.keys(open)).not.toContain("toJSON");
  });

  test("is not quoted by what is wrong with it", () => {
    const short = ledger({ ...given, password: secret("SHORT"), headers: { "X-Api-Key": secret("SHORT") } });
    const findings = findingsOf(short);
    expect(findings).toEqual([
      "systems.erp.password does not have the form that the connector expects.",
      "systems.erp.headers['X-Api-Key'] does not have the form that the connector expects.",
    ]);
  });
});
