import { chmod, chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ConnectorSession, OutboundMessage } from "../../connector/index.ts";
import { type Input, open, type Stream, signal, stock, Taken, temporaryFolder } from "./testing.ts";
import { type SshServer, sshdMissing, startSshd } from "./testing-servers.ts";

const call = { timeoutMs: 10_000, signal };
const isRoot = process.getuid?.() === 0;
/** Debian's account for nobody in particular. */
const NOBODY = { user: "nobody", id: 65_534 };
if (sshdMissing !== undefined) console.warn(`SFTP is not tested: ${sshdMissing}.`);

describe.skipIf(sshdMissing !== undefined)("OpenSSH", () => {
  let server: SshServer;
  let keys: Awaited<ReturnType<typeof temporaryFolder>>;
  let root: Awaited<ReturnType<typeof temporaryFolder>>;
  let sessions: ConnectorSession[];
  beforeAll(async () => {
    keys = await temporaryFolder();
    await chmod(keys.path, 0o755);
    server = await startSshd(join(keys.path, "ssh"));
  });
  afterAll(async () => {
    await server.stop();
    await keys.remove();
  });
  beforeEach(async () => {
    sessions = [];
    root = await temporaryFolder();
    await chmod(root.path, 0o755);
    for (const name of ["out", "in"]) await mkdir(join(root.path, name));
  });
  afterEach(async () => {
    for (const session of sessions) await session.close();
    await root.remove();
  });

  const outbound: Input["outbound"] = {
    "inventory.level": {
      folder: "in",
      name: "LVL_{deliveryId}.csv",
      format: { kind: "csv" },
      columns: [
        { name: "SKU", field: "sku" },
        { name: "QTY", field: "quantity" },
      ],
    },
  };
  const connect = (more: Partial<Input["at"]> = {}, stream: Partial<Stream> = {}): ConnectorSession => {
    const { port, user, privateKey, hostKey } = server;
    const at = {
      transport: "sftp",
      host: "127.0.0.1",
      path: root.path,
      port,
      user,
      privateKey,
      hostKey,
      ...more,
    } as Input["at"];
    const session = open({ at, inbound: { stock: stock(stream) }, outbound });
    sessions.push(session);
    return session;
  };
  const message: OutboundMessage = {
    deliveryId: "d-1",
    type: "inventory.level",
    key: "stock:main/A",
    payload: { sku: "A", quantity: "5" },
    attempt: 1,
  };
  const put = (name: string, text: string) => writeFile(join(root.path, "out", name), text);

  test("reads a file once and files it away", async () => {
    await put("STK_1.csv", "SKU,QTY\nA,1\nB,2\n");
    await put("STK_2.csv.filepart", "SKU,QTY\nC,1\n");
    const taken = await new Taken().all(connect());
    expect(taken.events.map(({ data }) => data)).toMatchObject([{ sku: "A" }, { sku: "B" }]);
    expect(await readdir(join(root.path, "out/archive"))).toHaveLength(1);
    expect(await new Taken().all(connect())).toMatchObject({ events: [] });
  });

  test("goes on in the middle of a long file on another connection", async () => {
    const count = 120_000;
    await put("STK_1.csv", `SKU,QTY\n${Array.from({ length: count }, (_, n) => `SKU-${n},${n}\n`).join("")}`);
    const taken = new Taken();
    expect(await taken.poll(connect())).toBe(true);
    expect(await taken.poll(connect(), "stock", "before commit")).toBe(true);
    await taken.all(connect());
    expect(taken.events.map(({ data }) => (data as { sku: string }).sku)).toEqual(
      Array.from({ length: count }, (_, n) => `SKU-${n}`),
    );
    expect(taken.problems).toEqual([]);
  });

  test("writes a file whole, and finds it after the answer was lost", async () => {
    const writer = connect().writers["inventory.level"]!;
    expect(await writer.find!(message, call)).toEqual({ kind: "absent" });
    expect(await writer.send([message], call)).toEqual([{ kind: "done", reference: "LVL_d-1.csv" }]);
    expect(await writer.find!(message, call)).toEqual({ kind: "found", reference: "LVL_d-1.csv" });
    expect(await readFile(join(root.path, "in/LVL_d-1.csv"), "utf8")).toBe("SKU,QTY\nA,5\n");
    expect(await readdir(join(root.path, "in"))).toEqual(["LVL_d-1.csv"]);
  });

  test("an earlier attempt that ended under the temporary name is no file, and is written over", async () => {
    const writer = connect().writers["inventory.level"]!;
    await writeFile(join(root.path, "in/.LVL_d-1.csv.tmp"), "SKU,Q");
    expect(await writer.find!(message, call)).toEqual({ kind: "absent" });
    expect(await writer.send([message], call)).toMatchObject([{ kind: "done" }]);
    expect(await readdir(join(root.path, "in"))).toEqual(["LVL_d-1.csv"]);
  });

  test("a server that is not the declared one gets no credentials", async () => {
    const session = connect({ hostKey: `SHA256:${"A".repeat(43)}` });
    await expect(session.health(signal)).rejects.toMatchObject({ code: "files.unreachable" });
    expect(await session.writers["inventory.level"]!.send([message], call)).toMatchObject([{ kind: "ill" }]);
  });

  test("credentials that do not hold are denied", async () => {
    const session = connect({ user: "no-such-account" });
    expect(await session.writers["inventory.level"]!.send([message], call)).toMatchObject([
      { kind: "denied" },
    ]);
  });

  test("an outage is one, and the next read makes a new connection", async () => {
    const own = await startSshd(join(keys.path, `ssh-${process.pid}`));
    const session = connect({ port: own.port, privateKey: own.privateKey, hostKey: own.hostKey });
    await session.health(signal);
    await own.stop();
    // The connection that was kept is served by a process of its own: a new one is refused.
    await session.close();
    await expect(session.polls!.stock!.read(null, signal)).rejects.toMatchObject({
      code: "files.unreachable",
    });
    expect(await session.writers["inventory.level"]!.send([message], call)).toMatchObject([{ kind: "ill" }]);
  });

  test("health says which folder is missing", async () => {
    await expect(connect().health(signal)).resolves.toBeUndefined();
    expect(await readdir(join(root.path, "in"))).toEqual([]);
    await expect(connect({}, { folder: "nowhere" }).health(signal)).rejects.toThrow("No such file");
  });

  test.skipIf(!isRoot)("an ordinary user is held to what the folder permits", async () => {
    const session = connect({ user: NOBODY.user });
    await put("STK_1.csv", "SKU,QTY\nA,1\n");
    expect(await session.writers["inventory.level"]!.send([message], call)).toMatchObject([
      { kind: "denied" },
    ]);
    await expect(session.health(signal)).rejects.toMatchObject({ code: "files.denied" });
    for (const name of ["out", "in"]) await chown(join(root.path, name), NOBODY.id, NOBODY.id);
    await session.health(signal);
    expect(await session.writers["inventory.level"]!.send([message], call)).toMatchObject([{ kind: "done" }]);
    expect((await new Taken().all(session)).events).toHaveLength(1);
  });

  test("the account is that of the tests", () => {
    expect(server.user).toBe(userInfo().username);
  });
});
