// Where the programs that the demo starts lie: beside the sources in a checkout, built in an installed package.
import { fileURLToPath } from "node:url";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const place = (path: string): string => fileURLToPath(new URL(`${path}.${extension}`, import.meta.url));

/** Arguments for Node. */
export const crossdockCommand: readonly string[] = [place("../../src/cli/bin")];
export const demoConfig: string = place("../crossdock.config");
export const systemsProgram: string = place("../systems/main");
