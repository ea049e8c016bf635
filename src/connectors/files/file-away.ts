// After the commit: a file that is through goes to the archive, one that was refused to the folder of errors. What a
// crash kept from being moved is moved by the next read.
import { type Finished, versionOf } from "./cursor.ts";
import { besides, identityOf } from "./ready.ts";
import { besideOf, type Stream } from "./stream.ts";
import { type Entry, joinPath, type Transport } from "./transport.ts";

export async function fileAway(
  stream: Stream,
  transport: Transport,
  finished: readonly Finished[],
  entries: readonly Entry[],
): Promise<void> {
  if (stream.after === "keep") return;
  const through = new Map(finished.map((file) => [file.id, file]));
  for (const entry of entries) {
    const file = through.get(identityOf(stream, entry));
    if (file === undefined) continue;
    // Written again since: it has not been read.
    const found = await transport.look(joinPath(stream.folder, entry.name));
    if (found === undefined || versionOf(found) !== versionOf(entry)) continue;
    // The file last: while it is there, what stands beside it is seen to again.
    for (const template of besides(stream)) {
      const name = besideOf(template, entry.name);
      const beside = await transport.look(joinPath(stream.folder, name));
      if (beside !== undefined) await put(stream, transport, beside, file);
    }
    await put(stream, transport, entry, file);
  }
}

async function put(stream: Stream, transport: Transport, entry: Entry, { to }: Finished): Promise<void> {
  const path = joinPath(stream.folder, entry.name);
  if (stream.after === "remove" && to === "archive") return transport.remove(path);
  return transport.move(path, to === "archive" ? stream.archive : stream.errors, filedName(entry));
}

/** Time and size tell files of one name apart: nothing that was filed is written over. */
function filedName({ name, modifiedMs, size }: Entry): string {
  const stamp = new Date(modifiedMs).toISOString().replaceAll(/[-:]/g, "");
  return `${stamp}-${size}-${name}`;
}
