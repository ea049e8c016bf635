// Files of an FTP server over explicit TLS, control and data. The protocol has one conversation a connection: what is
// asked waits for what was asked before. A connection that broke is made anew.
import { Readable, Writable } from "node:stream";
import { rootCertificates } from "node:tls";
import type { Client, FileInfo } from "basic-ftp";
import { CrossdockError } from "../../connector/index.ts";
import type { PlaceSettings } from "./settings.ts";
import { type Entry, joinPath, type Transport, temporaryName, transportFault } from "./transport.ts";

const TIMEOUT_MS = 30_000;
const NOT_LOGGED_IN: ReadonlySet<number> = new Set([430, 530, 532]);
const NOT_THERE = 550;

type Ask = <T>(run: (client: Client) => Promise<T>) => Promise<T>;

export function ftpsTransport(place: PlaceSettings): Transport {
  const { ask, close } = conversation(place);
  const at = (path: string) => joinPath(place.path, path);
  const look = (path: string) => ask((client) => lookAt(client, at(path)));
  const remove = (path: string) => ask((client) => unlessAbsent(client.remove(at(path))));
  return {
    list: (folder) => ask((client) => listFiles(client, at(folder))),
    look,
    async open(path) {
      const entry = await look(path);
      if (entry === undefined) throw transportFault("files.unreachable", `${path} is not there any more.`);
      return {
        read: (from, length) => ask((client) => readRange(client, at(path), entry.size, from, length)),
        async close() {
          // Each read is a transfer of its own.
        },
      };
    },
    async write(path, bytes, ifAbsent) {
      if (ifAbsent && (await look(path)) !== undefined) return false;
      const slash = path.lastIndexOf("/") + 1;
      const temporary = path.slice(0, slash) + temporaryName(path.slice(slash));
      await ask((client) => client.uploadFrom(Readable.from([bytes]), at(temporary)));
      await ask((client) => client.rename(at(temporary), at(path)));
      return true;
    },
    async move(path, folder, name) {
      if ((await look(path)) === undefined) return;
      await ask((client) => makeFolder(client, at(folder)));
      await ask((client) => client.rename(at(path), at(joinPath(folder, name))));
    },
    async remove(path) {
      await remove(path);
    },
    close,
  };
}

/** One connection, one request at a time. */
function conversation(place: PlaceSettings): { ask: Ask; close(): Promise<void> } {
  let client: Client | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const ask: Ask = (run) => {
    const next = last.then(async () => {
      if (client === undefined || client.closed) client = await connect(place);
      try {
        return await run(client);
      } catch (error) {
        throw explain(place, error);
      }
    });
    last = next.catch(() => undefined);
    return next;
  };
  return {
    ask,
    async close() {
      await last;
      client?.close();
    },
  };
}

async function connect({ host, port, user, password, ca }: PlaceSettings): Promise<Client> {
  const { Client } = await import("basic-ftp");
  const client = new Client(TIMEOUT_MS);
  try {
    await client.access({
      host: host!,
      port: port ?? 21,
      user: user!,
      password: password!,
      secure: true,
      secureOptions: { host: host!, ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) },
    });
    return client;
  } catch (error) {
    client.close();
    const { code, message } = error as Error & { code?: unknown };
    const isDenied = typeof code === "number" && NOT_LOGGED_IN.has(code);
    throw transportFault(isDenied ? "files.denied" : "files.unreachable", `${host}: ${message}`, error);
  }
}

/** An answer of the server is its word; a connection that broke leaves open what happened. */
function explain({ host }: PlaceSettings, error: unknown): CrossdockError {
  if (error instanceof CrossdockError) return error;
  const { code, message } = error as Error & { code?: unknown };
  if (typeof code !== "number") return transportFault("files.broken-off", `${host}: ${message}`, error);
  return transportFault(
    NOT_LOGGED_IN.has(code) ? "files.denied" : "files.unreachable",
    `${host}: ${message}`,
    error,
  );
}

async function listFiles(client: Client, folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const info of await client.list(folder)) {
    if (!info.isFile) continue;
    const modified = info.modifiedAt ?? (await timeOf(client, folder, info));
    if (modified !== undefined)
      entries.push({ name: info.name, size: info.size, modifiedMs: modified.getTime() });
  }
  return entries;
}

/** Servers without MLSD list times by the minute: each file is asked for its own. Undefined: it went meanwhile. */
function timeOf(client: Client, folder: string, { name }: FileInfo): Promise<Date | undefined> {
  return unlessAbsent(client.lastMod(joinPath(folder, name)));
}

async function lookAt(client: Client, path: string): Promise<Entry | undefined> {
  const size = await unlessAbsent(client.size(path));
  if (size === undefined) return undefined;
  const modified = await unlessAbsent(client.lastMod(path));
  return modified === undefined
    ? undefined
    : { name: path.slice(path.lastIndexOf("/") + 1), size, modifiedMs: modified.getTime() };
}

/** A transfer that is ended before the file does takes its connection with it. */
async function readRange(
  client: Client,
  path: string,
  size: number,
  from: number,
  length: number,
): Promise<Buffer> {
  const wanted = Math.max(0, Math.min(length, size - from));
  if (wanted === 0) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let filled = 0;
  const full = new Error("enough");
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      filled += chunk.length;
      done(filled >= wanted && from + wanted < size ? full : null);
    },
  });
  try {
    await client.downloadTo(sink, path, from);
  } catch (error) {
    if (filled < wanted) throw error;
    client.close();
  }
  return Buffer.concat(chunks).subarray(0, wanted);
}

async function makeFolder(client: Client, path: string): Promise<void> {
  const parent = path.slice(0, path.lastIndexOf("/"));
  try {
    await client.send(`MKD ${path}`);
  } catch (error) {
    // It is there already, or its parent is not.
    if ((error as { code?: unknown }).code !== NOT_THERE && (error as { code?: unknown }).code !== 521)
      throw error;
    if (parent === "" || (await isFolder(client, path))) return;
    await makeFolder(client, parent);
    if (!(await isFolder(client, path))) await client.send(`MKD ${path}`);
  }
}

async function isFolder(client: Client, path: string): Promise<boolean> {
  const before = await client.pwd();
  if ((await unlessAbsent(client.cd(path))) === undefined) return false;
  await client.cd(before);
  return true;
}

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error) => {
    if ((error as { code?: unknown }).code === NOT_THERE) return undefined;
    throw error;
  });
}
