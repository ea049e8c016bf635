// One visit to a mailbox: a connection that is made, used and ended. Between two visits nothing is held, so that what
// is seen is what is there, and a connection that a server dropped in silence harms nobody.
import { setTimeout as delay } from "node:timers/promises";
import type { ImapFlow, MailboxObject } from "imapflow";
import { CrossdockError } from "../../connector/index.ts";
import { missingDriver, READING } from "./driver.ts";
import type { ImapPlace } from "./settings.ts";

const CONNECT_MS = 15_000;
const SILENCE_MS = 60_000;
const LOGOUT_MS = 1_000;
/** A server that says more in one line, or in one piece beside a message, is not well. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const EXCESS_BYTES = 1024 * 1024;

export interface Visit {
  client: ImapFlow;
  mailbox: MailboxObject;
}

export interface VisitOptions {
  /** Nothing can be changed: not even the mark that a message was seen. */
  readOnly: boolean;
  /** The largest message that will be asked for. */
  bytesMax: number;
  signal: AbortSignal;
}

/** Throws `mail.denied` or `mail.unreachable` for what the server says. */
export async function visit<T>(
  place: ImapPlace,
  { readOnly, bytesMax, signal }: VisitOptions,
  run: (visit: Visit) => Promise<T>,
): Promise<T> {
  const { ImapFlow } = await import("imapflow").catch(missingDriver(READING));
  signal.throwIfAborted();
  const security = place.security ?? "tls";
  const client = new ImapFlow({
    host: place.host,
    port: place.port ?? (security === "tls" ? 993 : 143),
    secure: security === "tls",
    ...(security === "tls" ? {} : { doSTARTTLS: security === "starttls" }),
    ...(place.ca === undefined ? {} : { tls: { ca: [place.ca] } }),
    auth: { user: place.user, pass: place.password },
    logger: false,
    disableAutoIdle: true,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    maxLineLength: LINE_BYTES_MAX,
    maxLiteralSize: bytesMax + EXCESS_BYTES,
  });
  // Who waits for a command hears it from that; an event without a listener would end the process.
  client.on("error", () => undefined);
  const abort = () => client.close();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await client.connect();
    return await run({ client, mailbox: await client.mailboxOpen(place.mailbox, { readOnly }) });
  } catch (error) {
    throw signal.aborted ? signal.reason : imapFault(place, error);
  } finally {
    signal.removeEventListener("abort", abort);
    await Promise.race([client.logout().catch(() => undefined), delay(LOGOUT_MS, undefined, { ref: false })]);
    client.close();
  }
}

function imapFault({ host, mailbox }: ImapPlace, error: unknown): CrossdockError {
  if (error instanceof CrossdockError) return error;
  const { message, responseText, authenticationFailed, serverResponseCode } = error as Error & {
    responseText?: string;
    authenticationFailed?: boolean;
    serverResponseCode?: string;
  };
  // A log-in that fails since the server is not well says so by its code.
  const isDenied = authenticationFailed === true && serverResponseCode !== "UNAVAILABLE";
  const said = responseText === undefined ? message : `${message}: ${responseText}`;
  const text = `${host}, ${mailbox}: ${said}`;
  return new CrossdockError(isDenied ? "mail.denied" : "mail.unreachable", text, {
    retry: "later",
    cause: error,
  });
}
