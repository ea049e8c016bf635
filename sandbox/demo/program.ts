// How the command line is started: from the sources in a checkout, from dist in an installed package.
import { fileURLToPath } from "node:url";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";

/** Arguments for Node. */
export const crossdockCommand: readonly string[] = [
  fileURLToPath(new URL(`../../src/cli/bin.${extension}`, import.meta.url)),
];
