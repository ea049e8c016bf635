// Real servers for the tests: OpenSSH and vsftpd, on a free port of this machine, with keys made for the test.
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

const SSHD = "/usr/sbin/sshd";
const VSFTPD = "/usr/sbin/vsftpd";

/** Why the tests of a server cannot run here; undefined where they can. */
export const sshdMissing = existsSync(SSHD) ? undefined : "openssh-server is not installed";
export const vsftpdMissing = !existsSync(VSFTPD)
  ? "vsftpd is not installed"
  : process.getuid?.() === 0
    ? undefined
    : "vsftpd logs users in as root alone";

export interface FileServer {
  port: number;
  user: string;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Of a port; a server that listens has said something, or taken a connection. */
async function listening(port: number, ended: () => string | undefined): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const said = ended();
    if (said !== undefined) throw new Error(`The server ended: ${said}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await delay(25);
  }
  throw new Error(`Nothing listens at ${port}.`);
}

async function start(command: string, args: string[], port: number): Promise<() => Promise<void>> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let isOver = false;
  const over = new Promise<void>((resolve) =>
    child.once("exit", () => {
      isOver = true;
      resolve();
    }),
  );
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await listening(port, () => (isOver ? said || "without a word" : undefined));
  return async () => {
    child.kill("SIGKILL");
    await over;
  };
}

export interface SshServer extends FileServer {
  privateKey: string;
  hostKey: string;
}

/** As an ordinary account, OpenSSH lets that account alone log in; as root, anybody. No shell is started. */
export async function startSshd(folder: string, user = userInfo().username): Promise<SshServer> {
  await mkdir(folder, { recursive: true });
  for (const name of ["host", "client"])
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  const authorized = join(folder, "authorized_keys");
  await writeFile(authorized, await readFile(join(folder, "client.pub")));
  await chmod(authorized, 0o644);
  const port = await freePort();
  const config = join(folder, "sshd_config");
  await writeFile(
    config,
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(folder, "host")}`,
      `AuthorizedKeysFile ${authorized}`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "PermitRootLogin prohibit-password",
      `PidFile ${join(folder, "pid")}`,
      "Subsystem sftp internal-sftp",
      "",
    ].join("\n"),
  );
  // OpenSSH wants it where it separates privileges.
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true });
  const stop = await start(SSHD, ["-D", "-e", "-f", config], port);
  const [, key = ""] = (await readFile(join(folder, "host.pub"), "utf8")).split(" ");
  const fingerprint = createHash("sha256")
    .update(Buffer.from(key, "base64"))
    .digest("base64")
    .replace(/=$/, "");
  return {
    port,
    user,
    stop,
    privateKey: await readFile(join(folder, "client"), "utf8"),
    hostKey: `SHA256:${fingerprint}`,
  };
}

export interface FtpServer extends FileServer {
  password: string;
  /** The certificate, which nobody else vouches for. */
  ca: string;
}

/** An account of the machine is made for it and taken away again: vsftpd knows no others without PAM modules. */
export async function startVsftpd(folder: string, home: string): Promise<FtpServer> {
  await mkdir(folder, { recursive: true });
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  await run("openssl", [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-keyout",
    key,
    "-out",
    certificate,
    ...subject,
  ]);
  const user = `xd-ftp-${process.pid}`;
  const password = `pw-${process.pid}`;
  const { stdout: hash } = await run("openssl", ["passwd", "-6", password]);
  await run("useradd", [
    "--no-create-home",
    "--home-dir",
    home,
    "--shell",
    "/bin/sh",
    "--password",
    hash.trim(),
    user,
  ]);
  const { stdout: id } = await run("id", ["-u", user]);
  await chown(home, Number(id), Number(id));
  const [port, passive] = [await freePort(), await freePort()];
  const config = join(folder, "vsftpd.conf");
  await mkdir("/var/run/vsftpd/empty", { recursive: true });
  await writeFile(
    config,
    [
      "listen=YES",
      "listen_address=127.0.0.1",
      `listen_port=${port}`,
      "background=NO",
      "anonymous_enable=NO",
      "local_enable=YES",
      "write_enable=YES",
      "local_umask=022",
      "pasv_enable=YES",
      `pasv_min_port=${Math.min(passive, 65_000)}`,
      `pasv_max_port=${Math.min(passive, 65_000) + 50}`,
      "seccomp_sandbox=NO",
      "ssl_enable=YES",
      "force_local_logins_ssl=YES",
      "force_local_data_ssl=YES",
      "require_ssl_reuse=YES",
      "ssl_ciphers=HIGH",
      `rsa_cert_file=${certificate}`,
      `rsa_private_key_file=${key}`,
      "secure_chroot_dir=/var/run/vsftpd/empty",
      "pam_service_name=vsftpd",
      "",
    ].join("\n"),
  );
  const removeAccount = () => run("userdel", [user]).catch(() => undefined);
  const stop = await start(VSFTPD, [config], port).catch(async (error) => {
    await removeAccount();
    throw error;
  });
  return {
    port,
    user,
    password,
    ca: await readFile(certificate, "utf8"),
    async stop() {
      await stop();
      await removeAccount();
    },
  };
}
