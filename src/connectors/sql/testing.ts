// Real servers for the tests: a PostgreSQL database of its own, a MariaDB in a temporary folder, and a wire between
// that can be cut where it hurts.
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { testDatabase } from "../../postgres/testing.ts";

export interface TestedServer {
  dialect: "postgres" | "mysql";
  /** How its owner reaches it: a plain connection with nothing of ours in it. */
  access: { host: string; port: number; database: string; user: string; password: string };
  /** Statements as the owner, one after the other, in their own session. */
  run(...statements: string[]): Promise<unknown[][]>;
  /** A session of the owner, for a transaction that stays open. */
  session(): Promise<OwnerSession>;
  close(): Promise<void>;
}

export interface OwnerSession {
  run(statement: string): Promise<unknown[][]>;
  end(): Promise<void>;
}

export async function testedPostgres(): Promise<TestedServer> {
  const { default: pg } = await import("pg");
  const database = await testDatabase({ migrated: false });
  const client = new pg.Client({ connectionString: database.url });
  // What a URL says, as the driver reads it: the server may listen at a socket.
  const { host, port, user, password } = client;
  const session = async (): Promise<OwnerSession> => {
    const own = new pg.Client({ connectionString: database.url });
    await own.connect();
    return {
      run: async (text) => (await own.query({ text, rowMode: "array" })).rows,
      end: () => own.end(),
    };
  };
  return {
    dialect: "postgres",
    access: {
      host,
      port,
      database: client.database ?? "",
      user: user ?? "",
      password: typeof password === "string" ? password : "",
    },
    session,
    run: (...statements) => inSession(session, statements),
    close: () => database.drop(),
  };
}

async function inSession(open: () => Promise<OwnerSession>, statements: string[]): Promise<unknown[][]> {
  const own = await open();
  let rows: unknown[][] = [];
  try {
    for (const statement of statements) rows = await own.run(statement);
  } finally {
    await own.end();
  }
  return rows;
}

const MARIADB = ["/usr/sbin/mariadbd", "/usr/local/sbin/mariadbd"].find((path) => existsSync(path));

/** Why MariaDB cannot be tested here; undefined where it can. */
export const noMariaDb =
  MARIADB === undefined ? "MariaDB is not installed: bash .ci/system-packages installs it" : undefined;

export async function testedMariaDb(): Promise<TestedServer> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-mariadb-"));
  // The server refuses to run as root.
  const account = process.getuid?.() === 0 ? "mysql" : undefined;
  if (account !== undefined) {
    const id = (flag: string) => Number(execFileSync("id", [flag, account], { encoding: "utf8" }));
    await chown(folder, id("-u"), id("-g"));
  }
  const as = account === undefined ? [] : [`--user=${account}`];
  const data = join(folder, "data");
  await promisify(execFile)("mariadb-install-db", [
    "--no-defaults",
    ...as,
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
  ]);
  const port = await freePort();
  const server = spawn(
    MARIADB!,
    [
      "--no-defaults",
      ...as,
      `--datadir=${data}`,
      `--socket=${join(folder, "s")}`,
      `--log-error=${join(folder, "log")}`,
      `--pid-file=${join(folder, "pid")}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--skip-log-bin",
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-buffer-pool-size=16M",
    ],
    { stdio: "ignore" },
  );
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const access = { host: "127.0.0.1", port, database: "erp", user: "root", password: "" };
  const close = async () => {
    server.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answering(access, () => server.exitCode !== null);
  } catch (error) {
    const log = await readFile(join(folder, "log"), "utf8").catch(() => "");
    await close();
    throw new Error(`MariaDB did not start:\n${log.slice(-2_000)}`, { cause: error });
  }
  const session = () => ownerOf(access);
  return { dialect: "mysql", access, session, run: (...statements) => inSession(session, statements), close };
}

type Access = TestedServer["access"];

async function ownerOf({ host, port, user, password }: Access, database?: string): Promise<OwnerSession> {
  const { createConnection } = await import("mysql2/promise");
  const own = await createConnection({
    host,
    port,
    user,
    password,
    database: database ?? "erp",
    dateStrings: true,
    multipleStatements: true,
  });
  return {
    async run(sql) {
      const [rows] = await own.query({ sql, rowsAsArray: true });
      return Array.isArray(rows) ? (rows as unknown[][]) : [];
    },
    end: () => own.end(),
  };
}

async function answering(access: Access, hasEnded: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      const own = await ownerOf(access, "mysql");
      await own.run("create database if not exists erp character set utf8mb4");
      await own.end();
      return;
    } catch (error) {
      if (hasEnded() || performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export interface Wire {
  port: number;
  /**
   * At the next time that the client says such a word: `before` cuts the wire while the server has not heard it,
   * `after` when the server has answered it and the client has not heard that.
   */
  cutAt(word: RegExp, when: "before" | "after"): void;
  close(): Promise<void>;
}

/** A wire between a client and a server, which may be at a socket of PostgreSQL. */
export async function startWire({ host, port }: Pick<Access, "host" | "port">): Promise<Wire> {
  let cut: { word: RegExp; when: "before" | "after" } | undefined;
  const sockets = new Set<Socket>();
  const relay = createServer((client) => {
    const server = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    let deaf = false;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    client.on("data", (bytes) => {
      if (cut?.word.test(bytes.toString("latin1"))) {
        if (cut.when === "before") {
          cut = undefined;
          end();
          return;
        }
        cut = undefined;
        deaf = true;
      }
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (deaf) end();
      else client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  return {
    port: (relay.address() as { port: number }).port,
    cutAt(word, when) {
      cut = { word, when };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}

/** The first block of a language behind a heading of a page. */
export async function blockOf(page: string, heading: string, language: string): Promise<string> {
  const text = await readFile(join(import.meta.dirname, "../../../docs", page), "utf8");
  const section = text.slice(text.indexOf(`\n${heading}\n`));
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)![1]!;
}
