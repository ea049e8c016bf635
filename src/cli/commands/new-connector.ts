// crossdock new connector: a folder with a connector that works, a system to try it on and its proofs, under the
// product's own name.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { CrossdockError } from "../../core/errors.ts";
import { PACKAGE_ROOT } from "../../package-root.ts";
import { type CommandContext, outputOf } from "../context.ts";

export interface NewConnectorFlags {
  folder?: string;
  json?: boolean;
}

const TEMPLATE = join(PACKAGE_ROOT, "templates", "connector");

export function runNewConnector(context: CommandContext, name: string, flags: NewConnectorFlags): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new CrossdockError(
      "connector.invalid",
      `"${name}" is no name of a connector: small letters, digits and single hyphens, such as acme or acme-wms.`,
    );
  }
  const folder = join(context.cwd, flags.folder ?? "connectors", name);
  if (existsSync(folder)) {
    throw new CrossdockError("connector.exists", `${relative(context.cwd, folder)} exists already.`);
  }
  const files = readdirSync(TEMPLATE).map((file) => write(folder, file, name));
  const shown = relative(context.cwd, folder);
  outputOf(context, flags).result({ folder, files }, () =>
    [`Wrote ${shown}: ${files.join(", ")}.`, "", `node --test ${shown}/    proves it`].join("\n"),
  );
}

function write(folder: string, file: string, name: string): string {
  const target = file === "proof.ts" ? `${name}.test.ts` : file.replace("example", name);
  const path = join(folder, target);
  mkdirSync(dirname(path), { recursive: true });
  const text = readFileSync(join(TEMPLATE, file), "utf8");
  writeFileSync(path, renamed(text, name), { flag: "wx" });
  return target;
}

/** `example` is an identifier as well as a name; `Example` is how people call it. */
function renamed(text: string, name: string): string {
  const words = name.split("-").map((word) => word[0]!.toUpperCase() + word.slice(1));
  const title = words.join("");
  const identifier = title[0]!.toLowerCase() + title.slice(1);
  return text
    .replaceAll('"example"', `"${name}"`)
    .replaceAll("./example-", `./${name}-`)
    .replaceAll("connectors/example/", `connectors/${name}/`)
    .replaceAll('title: "Example"', `title: "${words.join(" ")}"`)
    .replaceAll(/\bExample(?=['’:])/g, words.join(" "))
    .replaceAll("Example", title)
    .replaceAll(/\bexample\b/g, identifier);
}
