// One message over SMTP: a connection, a log-in, a transaction. What the server said decides; what it did not say
// after it was given the message is unknown.
import { Readable } from "node:stream";
import type SMTPConnection from "nodemailer/lib/smtp-connection";
import { type Answer, type CallLimits, CrossdockError } from "../../connector/index.ts";
import type { Composed } from "./compose.ts";
import { missingDriver, SENDING } from "./driver.ts";
import type { OutboxSettings } from "./settings.ts";

const CONNECT_MS = 15_000;
const SILENCE_MS = 120_000;

export type SmtpAnswer = Extract<
  Answer,
  { kind: "done" | "refused" | "busy" | "ill" | "unknown" | "denied" }
>;

interface SmtpFailure extends Error {
  code?: string;
  command?: string;
  responseCode?: number;
}

export async function transmit(
  outbox: OutboxSettings,
  { bytes }: Composed,
  { timeoutMs, signal }: CallLimits,
): Promise<SmtpAnswer> {
  const given = { isBegun: false };
  // Nothing is read from it before the server has asked for the message.
  const message = new Readable({
    read() {
      given.isBegun = true;
      this.push(bytes);
      this.push(null);
    },
  });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const envelope = { from: outbox.from, to: [outbox.to], size: bytes.length };
  try {
    await connected(outbox, limit, (connection) =>
      settled((done) => connection.send(envelope, message, done)),
    );
    return { kind: "done" };
  } catch (error) {
    return answerOf(error as SmtpFailure, given.isBegun);
  }
}

/** Throws `mail.denied` or `mail.unreachable`. */
export async function tryLogIn(outbox: OutboxSettings, signal: AbortSignal): Promise<void> {
  try {
    await connected(outbox, signal, async () => undefined);
  } catch (error) {
    if (error instanceof CrossdockError) throw error;
    const answer = answerOf(error as SmtpFailure, false);
    const code = answer.kind === "denied" ? "mail.denied" : "mail.unreachable";
    throw new CrossdockError(code, `${outbox.host}: ${(error as Error).message}`, {
      retry: "later",
      cause: error,
    });
  }
}

async function connected<T>(
  outbox: OutboxSettings,
  signal: AbortSignal,
  run: (connection: SMTPConnection) => Promise<T>,
): Promise<T> {
  const { default: Connection } = await import("nodemailer/lib/smtp-connection").catch(
    missingDriver(SENDING),
  );
  signal.throwIfAborted();
  const security = outbox.security ?? "tls";
  const connection = new Connection({
    host: outbox.host,
    port: outbox.port ?? (security === "tls" ? 465 : 587),
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    ...(outbox.ca === undefined ? {} : { tls: { ca: [outbox.ca] } }),
  });
  const { promise: ended, reject: end } = Promise.withResolvers<never>();
  ended.catch(() => undefined);
  connection.on("error", end);
  connection.on("end", () => end(new Error("The connection was closed.")));
  const abort = () => end(new Error("The call was given up."));
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([ended, settled((done) => connection.connect(done))]);
    const { user, password } = outbox;
    if (user !== undefined && password !== undefined) {
      await Promise.race([ended, settled((done) => connection.login({ user, pass: password }, done))]);
    }
    return await Promise.race([ended, run(connection)]);
  } finally {
    signal.removeEventListener("abort", abort);
    if (signal.aborted) connection.close();
    else connection.quit();
  }
}

/** The driver hands over an error, or null. */
function settled(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));
}

function answerOf(failure: SmtpFailure, isBegun: boolean): SmtpAnswer {
  if (failure instanceof CrossdockError) return { kind: "ill", reason: failure.message };
  const { message: reason, code, command = "", responseCode = 0 } = failure;
  // A word that came with the end of the connection need not be about the message.
  if (isBegun && command !== "DATA") return { kind: "unknown", reason };
  if (isBegun && responseCode === 0) return { kind: "unknown", reason };
  if (responseCode >= 400 && responseCode < 500) return { kind: "busy", reason };
  if (code === "EAUTH" || responseCode === 530 || responseCode === 535) return { kind: "denied", reason };
  if (code === "EMESSAGE" && responseCode === 0) return { kind: "refused", code: "mail.too-long", reason };
  // 503 is about the order of commands, which is no fault of the message.
  const isAboutIt = /^(MAIL FROM|RCPT TO|DATA)/.test(command) && responseCode !== 503;
  if (isAboutIt && responseCode >= 500) return { kind: "refused", code: `smtp.${responseCode}`, reason };
  return { kind: "ill", reason };
}
