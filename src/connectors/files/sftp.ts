// Files of an SSH server. One connection is kept and made anew when it broke; its server's key is the declared one or
// there is no connection. The driver is the optional package ssh2, which runs without being compiled.
import { createHash } from "node:crypto";
import type { Client, SFTPWrapper, Stats } from "ssh2";
import { CrossdockError } from "../../connector/index.ts";
import type { PlaceSettings } from "./settings.ts";
import {
  type Entry,
  joinPath,
  type Source,
  type Transport,
  temporaryName,
  transportFault,
} from "./transport.ts";

const READ_BYTES = 32_768;
const READS_AT_ONCE = 16;
const CONNECT_MS = 15_000;

interface Session {
  client: Client;
  sftp: SFTPWrapper;
}

export function sftpTransport(place: PlaceSettings): Transport {
  let connecting: Promise<Session> | undefined;
  const connected = (): Promise<Session> => {
    if (connecting !== undefined) return connecting;
    const forget = () => {
      if (connecting === attempt) connecting = undefined;
    };
    const attempt = connect(place, forget);
    connecting = attempt;
    attempt.catch(forget);
    return attempt;
  };
  const at = (path: string) => joinPath(place.path, path);
  /** One request; a connection that ends before its answer is a failure. */
  const ask = async <T>(
    run: (sftp: SFTPWrapper, done: (error: unknown, value?: T) => void) => void,
  ): Promise<T> => {
    const { sftp, client } = await connected();
    return new Promise<T>((resolve, reject) => {
      const broken = () => reject(transportFault("files.broken-off", `${place.host}: the connection broke.`));
      client.once("close", broken);
      const done = (error: unknown, value?: T) => {
        client.off("close", broken);
        if (error) reject(error);
        else resolve(value as T);
      };
      try {
        run(sftp, done);
      } catch (error) {
        done(error ?? new Error("The request could not be made."));
      }
    });
  };
  const look = async (path: string): Promise<Entry | undefined> => {
    const stats = await unlessAbsent(ask<Stats>((sftp, done) => sftp.stat(at(path), done)));
    return stats?.isFile() ? entryOf(path.split("/").at(-1)!, stats) : undefined;
  };
  const remove = async (path: string): Promise<void> => {
    await unlessAbsent(ask((sftp, done) => sftp.unlink(at(path), done)));
  };
  const rename = (from: string, to: string) => ask((sftp, done) => sftp.rename(at(from), at(to), done));
  /** Version 3 of the protocol renames onto nothing that is there; OpenSSH has its own word for it. */
  const replace = async (from: string, to: string): Promise<void> => {
    try {
      await ask((sftp, done) => sftp.ext_openssh_rename(at(from), at(to), done));
    } catch (error) {
      if (error instanceof CrossdockError || (error as { code?: number }).code !== undefined) throw error;
      await remove(to);
      await rename(from, to);
    }
  };
  return {
    async list(folder) {
      const list = await ask<{ filename: string; attrs: Stats }[]>((sftp, done) =>
        sftp.readdir(at(folder), done as never),
      ).catch(explain);
      return list
        .filter(({ attrs }) => attrs.isFile())
        .map(({ filename, attrs }) => entryOf(filename, attrs));
    },
    look: (path) => look(path).catch(explain),
    open: (path) => openFile(ask, at(path)).catch(explain),
    async write(path, bytes, ifAbsent) {
      if (ifAbsent && (await look(path).catch(explain)) !== undefined) return false;
      const slash = path.lastIndexOf("/") + 1;
      const temporary = path.slice(0, slash) + temporaryName(path.slice(slash));
      await ask((sftp, done) => sftp.writeFile(at(temporary), bytes, done)).catch(explain);
      await (ifAbsent ? rename(temporary, path) : replace(temporary, path)).catch(explain);
      return true;
    },
    async move(path, folder, name) {
      if ((await look(path).catch(explain)) === undefined) return;
      await makeFolder(ask, at(folder)).catch(explain);
      await remove(joinPath(folder, name)).catch(explain);
      await rename(path, joinPath(folder, name)).catch(explain);
    },
    remove: (path) => remove(path).catch(explain),
    async close() {
      const session = await connecting?.catch(() => undefined);
      connecting = undefined;
      session?.client.end();
    },
  };
}

type Ask = <T>(run: (sftp: SFTPWrapper, done: (error: unknown, value?: T) => void) => void) => Promise<T>;

async function connect(place: PlaceSettings, ended: () => void): Promise<Session> {
  const { Client } = await import("ssh2").then((module) => module.default).catch(notInstalled);
  const client = new Client();
  // Requests that run at once each listen for its end.
  client.setMaxListeners(0);
  const wanted = place.hostKey?.replace(/^SHA256:|=$/g, "");
  return new Promise<Session>((resolve, reject) => {
    const fail = (error: Error & { level?: string }) => {
      client.end();
      const code = error.level === "client-authentication" ? "files.denied" : "files.unreachable";
      reject(transportFault(code, `${place.host}: ${error.message}`, error));
    };
    client.on("error", fail);
    client.on("close", () => {
      ended();
      fail(new Error("the connection was closed before it could be used"));
    });
    client.on("ready", () => client.sftp((error, sftp) => (error ? fail(error) : resolve({ client, sftp }))));
    try {
      client.connect({
        host: place.host!,
        port: place.port ?? 22,
        username: place.user!,
        readyTimeout: CONNECT_MS,
        keepaliveInterval: 10_000,
        hostVerifier: (key: Buffer) =>
          createHash("sha256").update(key).digest("base64").replace(/=$/, "") === wanted,
        ...(place.password === undefined ? {} : { password: place.password }),
        ...(place.privateKey === undefined ? {} : { privateKey: place.privateKey }),
        ...(place.passphrase === undefined ? {} : { passphrase: place.passphrase }),
      });
    } catch (error) {
      reject(
        transportFault("files.denied", `The private key cannot be used: ${(error as Error).message}`, error),
      );
    }
  });
}

function notInstalled(cause: unknown): never {
  const message = "SFTP needs the package ssh2: npm install --ignore-scripts ssh2@1.17.0";
  throw new CrossdockError("files.driver-missing", message, { cause });
}

function entryOf(name: string, stats: Pick<Stats, "size" | "mtime">): Entry {
  return { name, size: stats.size, modifiedMs: stats.mtime * 1000 };
}

async function openFile(ask: Ask, path: string): Promise<Source> {
  const handle = await ask<Buffer>((sftp, done) => sftp.open(path, "r", done));
  const piece = async (into: Buffer, from: number): Promise<number> => {
    let filled = 0;
    while (filled < into.length) {
      const read = await ask<number>((sftp, done) =>
        sftp.read(handle, into, filled, into.length - filled, from + filled, (error, bytes) => {
          if ((error as { code?: number } | undefined)?.code === END_OF_FILE) done(undefined, 0);
          else done(error, bytes);
        }),
      );
      if (read === 0) break;
      filled += read;
    }
    return filled;
  };
  return {
    async read(from, length) {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      for (let start = 0; start < length; start += READ_BYTES * READS_AT_ONCE) {
        const pieces: Promise<number>[] = [];
        const end = Math.min(length, start + READ_BYTES * READS_AT_ONCE);
        for (let at = start; at < end; at += READ_BYTES)
          pieces.push(piece(buffer.subarray(at, Math.min(end, at + READ_BYTES)), from + at));
        const read = (await Promise.all(pieces).catch(explain)).reduce((sum, bytes) => sum + bytes, 0);
        filled += read;
        if (read < end - start) break;
      }
      return buffer.subarray(0, filled);
    },
    async close() {
      // A connection that broke has closed it.
      await ask((sftp, done) => sftp.close(handle, done)).catch(() => undefined);
    },
  };
}

async function makeFolder(ask: Ask, path: string): Promise<void> {
  const stats = await unlessAbsent(ask<Stats>((sftp, done) => sftp.stat(path, done)));
  if (stats !== undefined) return;
  const parent = path.slice(0, path.lastIndexOf("/"));
  if (parent !== "") await makeFolder(ask, parent);
  await ask((sftp, done) => sftp.mkdir(path, done));
}

const END_OF_FILE = 1;
const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error) => {
    if ((error as { code?: number }).code === NO_SUCH_FILE) return undefined;
    throw error;
  });
}

function explain(error: unknown): never {
  if (error instanceof CrossdockError) throw error;
  const { code, message } = error as Error & { code?: number };
  throw transportFault(code === PERMISSION_DENIED ? "files.denied" : "files.unreachable", message, error);
}
