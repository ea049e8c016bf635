// Where this package lies and which version it is, run from its sources or as it is published.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Manifest {
  name?: string;
  version?: string;
}

const found = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The folder that holds the package's own package.json. */
export const PACKAGE_ROOT: string = found.folder;
export const VERSION: string = found.manifest.version ?? "0";

function findRoot(from: string): { folder: string; manifest: Manifest } {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    const manifest = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : undefined;
    if (manifest?.name === "crossdock") return { folder, manifest };
    if (folder === dirname(folder)) throw new Error(`${from} is not inside the package crossdock.`);
  }
}
