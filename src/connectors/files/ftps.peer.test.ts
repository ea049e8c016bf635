import { chmod, chown, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signal, temporaryFolder } from "./testing.ts";
import { remoteOf, testRemote } from "./testing-remote.ts";
import { type FtpServer, startVsftpd, vsftpdMissing } from "./testing-servers.ts";

/** A certificate of somebody else. */
const [OTHER = ""] = rootCertificates;
if (vsftpdMissing !== undefined) console.warn(`FTPS is not tested: ${vsftpdMissing}.`);

describe.skipIf(vsftpdMissing !== undefined)("vsftpd with TLS", () => {
  let server: FtpServer;
  let place: Awaited<ReturnType<typeof temporaryFolder>>;
  let home: string;
  let root: string;
  let number = 0;
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
    number += 1;
    root = join(home, String(number));
    const { uid, gid } = await stat(home);
    for (const path of [root, join(root, "out"), join(root, "in")]) {
      await mkdir(path);
      await chown(path, uid, gid);
    }
  });

  const remote = remoteOf(() => {
    const { port, user, password, ca } = server;
    return { root, at: { transport: "ftps", host: "localhost", path: root, port, user, password, ca } };
  });
  testRemote(remote, { stranger: { password: "wrong" }, rows: 150_000 });

  test("a certificate that nobody vouches for gets no credentials", async () => {
    const session = remote.connect({ ca: OTHER });
    await expect(session.health(signal)).rejects.toMatchObject({ code: "files.unreachable" });
  });
});
