// The floors of the house: who may import whom, and what pure folders may not touch.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter(
      (name) =>
        name.endsWith(".ts") &&
        !name.endsWith(".test.ts") &&
        !/(^|[-/])testing([-.][a-z-]+)*\.ts$|\/testing\//.test(name) &&
        statSync(join(root, name)).isFile(),
    );
}

/** Module specifiers of a file: what `import`, `export … from` and `import()` name. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [
    ...text.matchAll(/(?:^|\s)(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)"|import\("([^"]+)"\)/g),
  ].map((match) => (match[1] ?? match[2])!);
}

const floorOf = (path: string): string => {
  const parts = path.split("/");
  if (parts[0] !== "src") return parts[0]!;
  return parts[1]!.endsWith(".ts") ? parts[1]! : parts[1]!;
};

const pure = ["core", "domains", "edi", "policy"];
const allowed: Record<string, string[]> = {
  core: [],
  domains: ["core"],
  edi: ["core"],
  policy: ["core", "domains", "edi"],
  connector: ["core", "domains", "edi", "policy"],
  connectors: ["connector", "domains", "edi", "core"],
  proof: ["connector", "core", "domains", "edi", "policy"],
  postgres: ["core"],
  store: ["core", "domains", "edi", "policy", "postgres"],
  engine: ["core", "domains", "edi", "policy", "connector", "store", "postgres"],
  gateway: ["core", "domains", "policy", "connector", "store", "engine"],
};

const files = sources("src");
const edges = files.flatMap((file) =>
  imports(file).map((specifier) => ({
    file,
    floor: floorOf(file),
    specifier,
    to: specifier.startsWith(".")
      ? floorOf(relative(root, resolve(root, dirname(file), specifier)))
      : undefined,
  })),
);

describe("the floors", () => {
  it.each(Object.entries(allowed))("%s imports only from its own floor and those below", (floor, below) => {
    const wrong = edges.filter(
      (edge) =>
        edge.floor === floor && edge.to !== undefined && edge.to !== floor && !below.includes(edge.to),
    );
    expect(wrong.map((edge) => `${edge.file} → ${edge.specifier}`)).toEqual([]);
  });

  it("pure folders import no node module, no driver, no clock, no random", () => {
    const wrong = edges.filter(
      (edge) =>
        pure.includes(edge.floor) &&
        edge.to === undefined &&
        edge.specifier !== "typebox" &&
        !edge.specifier.startsWith("typebox/"),
    );
    expect(wrong.map((edge) => `${edge.file} → ${edge.specifier}`)).toEqual([]);
    const calls = files
      .filter((file) => pure.includes(floorOf(file)))
      .filter((file) =>
        /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|Temporal\.Now|\bprocess\.|\bcrypto\./.test(
          readFileSync(join(root, file), "utf8"),
        ),
      );
    expect(calls).toEqual([]);
  });

  it("only store, engine and main know PostgreSQL, and only postgres and the sql connector know the driver", () => {
    const wrong = edges.filter(
      (edge) =>
        edge.to === "postgres" && !["postgres", "store", "engine", "main.ts", "cli"].includes(edge.floor),
    );
    expect(wrong.map((edge) => `${edge.file} → ${edge.specifier}`)).toEqual([]);
    const drivers = edges.filter(
      (edge) =>
        edge.specifier === "pg" && edge.floor !== "postgres" && !edge.file.startsWith("src/connectors/sql/"),
    );
    expect(drivers.map((edge) => edge.file)).toEqual([]);
  });

  it("the gateway sees no SQL", () => {
    const wrong = files.filter(
      (file) =>
        floorOf(file) === "gateway" &&
        /\b(select|insert into|update|delete from)\s+[a-z_*]+\s+(from|\(|set|where)/i.test(
          readFileSync(join(root, file), "utf8"),
        ),
    );
    expect(wrong).toEqual([]);
  });

  it("connectors never import each other", () => {
    const wrong = edges.filter((edge) => {
      if (!edge.file.startsWith("src/connectors/") || edge.to !== "connectors") return false;
      const own = edge.file.split("/")[2];
      return relative(root, resolve(root, dirname(edge.file), edge.specifier)).split("/")[2] !== own;
    });
    expect(wrong.map((edge) => `${edge.file} → ${edge.specifier}`)).toEqual([]);
  });

  it("the sandbox's connectors are written against the public contract alone", () => {
    const permitted = ["connector", "domains", "edi", "core"];
    const wrong = sources("sandbox/connectors").flatMap((file) =>
      imports(file)
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => relative(root, resolve(root, dirname(file), specifier)))
        .filter(
          (target) =>
            !(
              target.startsWith("sandbox/connectors/") ||
              (target.startsWith("src/") && permitted.includes(floorOf(target)))
            ),
        )
        .map((target) => `${file} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("names no metaphors and no lumber rooms", () => {
    // `base-unit` is a word of the trade; `base.ts` is a lumber room.
    const wrong = files.filter((file) =>
      /(^|[-/])(utils?|helpers?|managers?|services?|common|misc)([-./]|$)|(^|[-/])base[./]/.test(
        file.slice(4),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
