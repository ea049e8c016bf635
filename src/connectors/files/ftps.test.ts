import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ConnectorSession, OutboundMessage } from "../../connector/index.ts";
import { type Input, open, type Stream, signal, stock, Taken, temporaryFolder } from "./testing.ts";
import { type FtpServer, startVsftpd, vsftpdMissing } from "./testing-servers.ts";

/** A certificate of somebody else. */
const [OTHER = ""] = rootCertificates;
const call = { timeoutMs: 10_000, signal };
if (vsftpdMissing !== undefined) console.warn(`FTPS is not tested: ${vsftpdMissing}.`);

describe.skipIf(vsftpdMissing !== undefined)("vsftpd with TLS", () => {
  let server: FtpServer;
  let place: Awaited<ReturnType<typeof temporaryFolder>>;
  let home: string;
  let root: string;
  let number = 0;
  let sessions: ConnectorSession[];
  beforeAll(async () => {
    place = await temporaryFolder();
    home = join(place.path, "home");
    await mkdir(home);
    await chmod(place.path, 0o755);
    server = await startVsftpd(join(place.path, "server"), home);
  });
  afterAll(async () => {
    await server?.stop();
    await place.remove();
  });
  beforeEach(async () => {
    sessions = [];
    number += 1;
    root = join(home, String(number));
    const { uid, gid } = await stat(home);
    for (const path of [root, join(root, "out"), join(root, "in")]) {
      await mkdir(path);
      await chown(path, uid, gid);
    }
  });
  afterEach(async () => {
    for (const session of sessions) await session.close();
  });

  const connect = (more: Partial<Input["at"]> = {}, stream: Partial<Stream> = {}): ConnectorSession => {
    const { port, user, password, ca } = server;
    const at = {
      transport: "ftps",
      host: "localhost",
      path: root,
      port,
      user,
      password,
      ca,
      ...more,
    } as Input["at"];
    const session = open({
      at,
      inbound: { stock: stock(stream) },
      outbound: {
        "inventory.level": {
          folder: "in",
          name: "LVL_{deliveryId}.csv",
          format: { kind: "csv" },
          columns: [{ name: "SKU", field: "sku" }],
        },
      },
    });
    sessions.push(session);
    return session;
  };
  const message: OutboundMessage = {
    deliveryId: "d-1",
    type: "inventory.level",
    key: "stock:main/A",
    payload: { sku: "A" },
    attempt: 1,
  };
  const put = (name: string, text: string) => writeFile(join(root, "out", name), text);

  test("reads a file once and files it away", async () => {
    await put("STK_1.csv", "SKU,QTY\nA,1\nB,2\n");
    const taken = await new Taken().all(connect());
    expect(taken.events.map(({ data }) => data)).toMatchObject([{ sku: "A" }, { sku: "B" }]);
    expect(await readdir(join(root, "out/archive"))).toHaveLength(1);
    expect(await new Taken().all(connect())).toMatchObject({ events: [] });
  });

  test("goes on in the middle of a long file on another connection", async () => {
    const count = 150_000;
    await put("STK_1.csv", `SKU,QTY\n${Array.from({ length: count }, (_, n) => `SKU-${n},${n}\n`).join("")}`);
    const taken = new Taken();
    expect(await taken.poll(connect())).toBe(true);
    expect(await taken.poll(connect(), "stock", "before commit")).toBe(true);
    await taken.all(connect());
    expect(taken.events.map(({ data }) => (data as { sku: string }).sku)).toEqual(
      Array.from({ length: count }, (_, n) => `SKU-${n}`),
    );
  });

  test("writes a file whole, and finds it after the answer was lost", async () => {
    const writer = connect().writers["inventory.level"]!;
    expect(await writer.find!(message, call)).toEqual({ kind: "absent" });
    expect(await writer.send([message], call)).toEqual([{ kind: "done", reference: "LVL_d-1.csv" }]);
    expect(await writer.find!(message, call)).toEqual({ kind: "found", reference: "LVL_d-1.csv" });
    expect(await readFile(join(root, "in/LVL_d-1.csv"), "utf8")).toBe("SKU\nA\n");
    expect(await readdir(join(root, "in"))).toEqual(["LVL_d-1.csv"]);
  });

  test("a certificate that nobody vouches for gets no credentials", async () => {
    const session = connect({ ca: OTHER });
    await expect(session.health(signal)).rejects.toMatchObject({ code: "files.unreachable" });
  });

  test("credentials that do not hold are denied", async () => {
    const session = connect({ password: "wrong" });
    expect(await session.writers["inventory.level"]!.send([message], call)).toMatchObject([
      { kind: "denied" },
    ]);
  });

  test("health says whether the folders are there", async () => {
    await expect(connect().health(signal)).resolves.toBeUndefined();
    expect(await readdir(join(root, "in"))).toEqual([]);
    await expect(connect({}, { folder: "nowhere" }).health(signal)).rejects.toMatchObject({ retry: "later" });
  });
});
