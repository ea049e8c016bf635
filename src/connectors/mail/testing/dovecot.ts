// A real Dovecot for the tests: an instance of its own on a free port, as an ordinary account, with mailboxes in a
// temporary folder.
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { ImapFlow } from "imapflow";

const run = promisify(execFile);

const SERVER = "/usr/sbin/dovecot";
export const dovecotMissing =
  existsSync(SERVER) && existsSync("/usr/lib/dovecot/imap")
    ? undefined
    : "dovecot-imapd is not installed: bash .ci/system-packages installs it";

export interface Dovecot {
  /** TLS from the first byte. */
  port: number;
  /** In clear, or STARTTLS. */
  clearPort: number;
  /** The certificate, which nobody else vouches for. */
  ca: string;
  /** Any user has this password. */
  password: string;
  /** An ordinary client. */
  client(user: string): Promise<ImapFlow>;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function makeCertificate(folder: string): Promise<{ key: string; certificate: string }> {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
  await run("openssl", ["req", ...kind, "-keyout", key, "-out", certificate, ...names]);
  return { key, certificate };
}

/** Root's mail is delivered to nobody, and a log-in process of an ordinary account is that account's. */
function account(): { name: string; group: string; uid: number; gid: number } {
  const isRoot = process.getuid?.() === 0;
  const of = (flags: string) =>
    execFileSync("id", isRoot ? [flags, "nobody"] : [flags], { encoding: "utf8" }).trim();
  return { name: of("-un"), group: of("-gn"), uid: Number(of("-u")), gid: Number(of("-g")) };
}

export async function startDovecot(): Promise<Dovecot> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-dovecot-"));
  const { name, group, uid, gid } = account();
  const { key, certificate } = await makeCertificate(folder);
  const [port, clearPort] = [await freePort(), await freePort()];
  const password = `pw-${process.pid}`;
  await mkdir(join(folder, "run"));
  await mkdir(join(folder, "mail"));
  const config = join(folder, "dovecot.conf");
  await writeFile(
    config,
    `
protocols = imap
listen = 127.0.0.1
base_dir = ${join(folder, "run")}
state_dir = ${join(folder, "run")}
log_path = ${join(folder, "log")}
default_login_user = ${name}
default_internal_user = ${name}
default_internal_group = ${group}
first_valid_uid = 1
mail_location = maildir:${join(folder, "mail")}/%u
auth_failure_delay = 0
disable_plaintext_auth = no
ssl = yes
ssl_cert = <${certificate}
ssl_key = <${key}
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${join(folder, "mail")}/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${clearPort}
  }
  inet_listener imaps {
    port = ${port}
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
namespace inbox {
  inbox = yes
  mailbox Sent {
    auto = create
  }
}
`,
  );
  for (const path of ["", "run", "mail", "dovecot.conf", "key.pem", "cert.pem"])
    await chown(join(folder, path), uid, gid);
  const child = spawn(SERVER, ["-F", "-c", config], { uid, gid, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const over = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await over;
    await rm(folder, { recursive: true, force: true });
  };
  await listening(clearPort, () => child.exitCode !== null).catch(async (error) => {
    const log = await readFile(join(folder, "log"), "utf8").catch(() => "");
    await stop();
    throw new Error(`${(error as Error).message} ${said} ${log}`);
  });
  const client = async (user: string): Promise<ImapFlow> => {
    const one = new ImapFlow({
      host: "127.0.0.1",
      port: clearPort,
      doSTARTTLS: false,
      auth: { user, pass: password },
      logger: false,
      disableAutoIdle: true,
    });
    one.on("error", () => undefined);
    await one.connect();
    return one;
  };
  return { port, clearPort, ca: await readFile(certificate, "utf8"), password, client, stop };
}

async function listening(port: number, isOver: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200 && !isOver(); attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await delay(25);
  }
  throw new Error(`Dovecot does not listen at ${port}.`);
}
