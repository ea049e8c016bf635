// A Medusa project of its own for the tests, outside this package's dependencies: installed once into the temporary
// folder, from the npm registry alone (no script of a package runs), and put in place whole.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const VERSION = "2.21.2";
const PACKAGES = Object.fromEntries(
  ["medusa", "cli", "framework", "draft-order"].map((name) => [`@medusajs/${name}`, VERSION]),
);
const configuration = fileURLToPath(new URL("medusa-config.cjs", import.meta.url));
const subscriber = fileURLToPath(new URL("../../templates/medusa/crossdock.ts", import.meta.url));

const key = createHash("sha256").update(JSON.stringify(PACKAGES));
for (const file of [configuration, subscriber]) key.update(readFileSync(file));
/** Names the project by all that it is made of. */
export const projectKey = key.digest("hex").slice(0, 12);
export const project = join(tmpdir(), `crossdock-medusa-${projectKey}`);

/** Minutes, the first time on a machine. */
export async function ensureProject(): Promise<void> {
  if (existsSync(project)) return;
  const draft = await mkdtemp(join(tmpdir(), "crossdock-medusa-draft-"));
  const manifest = { name: "shop", version: "0.0.0", private: true, dependencies: PACKAGES };
  await writeFile(join(draft, "package.json"), JSON.stringify(manifest));
  await copyFile(configuration, join(draft, "medusa-config.js"));
  await mkdir(join(draft, "src", "subscribers"), { recursive: true });
  await copyFile(subscriber, join(draft, "src", "subscribers", "crossdock.ts"));
  const install = ["install", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund"];
  await run("npm", install, { cwd: draft, env: process.env });
  // Another run may have been faster.
  if (existsSync(project)) await rm(draft, { recursive: true, force: true });
  else await rename(draft, project);
}

/** Throws with all that the command wrote where it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<void> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk));
  const [code] = await once(child, "close");
  const said = Buffer.concat(output).toString("utf8");
  if (process.env.MEDUSA_VERBOSE !== undefined) process.stderr.write(said);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${said}`);
}
