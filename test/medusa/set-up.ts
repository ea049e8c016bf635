// Installs Medusa and builds the template before the first test file.
import { ensureProject } from "./install.ts";
import { ensureTemplate } from "./server.ts";

export default async function setup(): Promise<void> {
  await ensureProject();
  await ensureTemplate();
}
