// Builds the template before the first test file, where Tryton is installed.
import { ensureTemplate, isInstalled, MISSING } from "./server.ts";

export default async function setup(): Promise<void> {
  if (isInstalled()) await ensureTemplate();
  else process.stderr.write(`${MISSING}\n`);
}
