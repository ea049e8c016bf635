// What the built package reads beside its code: migrations and the demo's data.
import { cpSync } from "node:fs";

cpSync("sql", "dist/sql", { recursive: true });
cpSync("sandbox/retail/data", "dist/sandbox/retail/data", { recursive: true });
