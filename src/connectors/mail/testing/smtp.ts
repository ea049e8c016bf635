// A submission server for the tests, from the package smtp-server: Debian's servers want to be root, and none of them
// can be told to refuse a command, or to vanish at the one moment that matters.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { makeCertificate } from "./dovecot.ts";

export interface Submission {
  port: number;
  ca: string;
  /** What was taken, as it came. */
  taken: Buffer[];
  /** The next message: what is answered where, or `vanish`: it is taken and the connection ends without a word. */
  next(fault: { at: "auth" | "from" | "to" | "data"; status: number } | "vanish" | undefined): void;
  /** Runs when a message was taken and is not yet answered. */
  onTaken(act: (() => Promise<void>) | undefined): void;
  close(): Promise<void>;
}

export const SMTP_PASSWORD = "smtp-password";

export async function startSubmission(security: "tls" | "starttls"): Promise<Submission> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-smtp-"));
  const { key, certificate } = await makeCertificate(folder);
  const [keyText, ca] = [await readFile(key), await readFile(certificate, "utf8")];
  await rm(folder, { recursive: true });
  const taken: Buffer[] = [];
  let fault: Parameters<Submission["next"]>[0];
  let act: (() => Promise<void>) | undefined;
  /** Once. */
  const faultAt = (at: string): Error | undefined => {
    if (typeof fault !== "object" || fault.at !== at) return undefined;
    const { status } = fault;
    fault = undefined;
    return Object.assign(new Error(`Said ${status}.`), { responseCode: status });
  };
  const server = new SMTPServer({
    secure: security === "tls",
    key: keyText,
    cert: ca,
    size: 1024 * 1024,
    closeTimeout: 100,
    onAuth({ password }, _session, done) {
      const failure = faultAt("auth");
      if (failure !== undefined) done(failure);
      else if (password === SMTP_PASSWORD) done(null, { user: "us" });
      else done(Object.assign(new Error("Wrong password."), { responseCode: 535 }));
    },
    onMailFrom: (_address, _session, done) => done(faultAt("from")),
    onRcptTo: (_address, _session, done) => done(faultAt("to")),
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", async () => {
        const failure = faultAt("data");
        if (failure !== undefined) return done(failure);
        taken.push(Buffer.concat(chunks));
        await act?.();
        if (fault !== "vanish") return done();
        fault = undefined;
        for (const connection of server.connections) connection.close();
      });
    },
  });
  // A client that goes is no fault of the server's.
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    ca,
    taken,
    next(given) {
      fault = given;
    },
    onTaken(given) {
      act = given;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
