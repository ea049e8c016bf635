import { chmod, chown, mkdir, readdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signal, Taken, temporaryFolder } from "./testing.ts";
import { call, message, remoteOf, testRemote } from "./testing-remote.ts";
import { type SshServer, sshdMissing, startSshd } from "./testing-servers.ts";

const isRoot = process.getuid?.() === 0;
/** Debian's account for nobody in particular. */
const NOBODY = { user: "nobody", id: 65_534 };
if (sshdMissing !== undefined) console.warn(`SFTP is not tested: ${sshdMissing}.`);

describe.skipIf(sshdMissing !== undefined)("OpenSSH", () => {
  let server: SshServer;
  let keys: Awaited<ReturnType<typeof temporaryFolder>>;
  let root: Awaited<ReturnType<typeof temporaryFolder>>;
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
    root = await temporaryFolder();
    await chmod(root.path, 0o755);
    for (const name of ["out", "in"]) await mkdir(join(root.path, name));
  });
  afterEach(async () => {
    await root.remove();
  });

  const remote = remoteOf(() => {
    const { port, user, privateKey, hostKey } = server;
    const { path } = root;
    return {
      root: path,
      at: { transport: "sftp", host: "127.0.0.1", path, port, user, privateKey, hostKey },
    };
  });
  testRemote(remote, { stranger: { user: "no-such-account" }, rows: 120_000 });

  test("an earlier attempt that ended under the temporary name is no file, and is written over", async () => {
    const writer = remote.connect().writers["inventory.level"]!;
    await writeFile(join(root.path, "in/.LVL_d-1.csv.tmp"), "SKU,Q");
    expect(await writer.find!(message, call)).toEqual({ kind: "absent" });
    expect(await writer.send([message], call)).toMatchObject([{ kind: "done" }]);
    expect(await readdir(join(root.path, "in"))).toEqual(["LVL_d-1.csv"]);
  });

  test("a server that is not the declared one gets no credentials", async () => {
    const session = remote.connect({ hostKey: `SHA256:${"A".repeat(43)}` });
    await expect(session.health(signal)).rejects.toMatchObject({ code: "files.unreachable" });
    expect(await session.writers["inventory.level"]!.send([message], call)).toMatchObject([{ kind: "ill" }]);
  });

  test("an outage is one, and the next read makes a new connection", async () => {
    const own = await startSshd(join(keys.path, `ssh-${process.pid}`));
    const session = remote.connect({ port: own.port, privateKey: own.privateKey, hostKey: own.hostKey });
    await session.health(signal);
    await own.stop();
    // The connection that was kept is served by a process of its own: a new one is refused.
    await session.close();
    await expect(session.polls!.stock!.read(null, signal)).rejects.toMatchObject({
      code: "files.unreachable",
    });
    expect(await session.writers["inventory.level"]!.send([message], call)).toMatchObject([{ kind: "ill" }]);
  });

  test.skipIf(!isRoot)("an ordinary user is held to what the folder permits", async () => {
    const session = remote.connect({ user: NOBODY.user });
    await remote.put("STK_1.csv", "SKU,QTY\nA,1\n");
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
