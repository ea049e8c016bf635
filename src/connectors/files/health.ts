// Every folder is there and can be listed, and what must be written to can be: a file of ours comes and goes.
import type { FilesSettings } from "./settings.ts";
import { joinPath, type Transport, temporaryName } from "./transport.ts";

export async function checkHealth(
  { inbound = {}, outbound = {} }: FilesSettings,
  transport: Transport,
): Promise<void> {
  const readOnly = Object.values(inbound).filter(({ after }) => after === "keep");
  const written = [
    ...Object.values(inbound).filter((stream) => !readOnly.includes(stream)),
    ...Object.values(outbound),
  ].map(({ folder }) => folder);
  for (const folder of new Set([...written, ...readOnly.map(({ folder }) => folder)]))
    await transport.list(folder);
  for (const folder of new Set(written)) {
    const probe = joinPath(folder, temporaryName("crossdock-health"));
    await transport.write(probe, Buffer.from("Crossdock can write here.\n"), false);
    await transport.remove(probe);
  }
}
