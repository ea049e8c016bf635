// A message → native messages: one an attachment, or one that says why nothing is read.
import type { Attachment, Email } from "postal-mime";
import type { NativeMessage } from "../../connector/index.ts";
import { isAuthenticated } from "./authentication.ts";
import { missingDriver, READING } from "./driver.ts";
import { ATTACHMENT_TOPIC } from "./map.ts";
import { type RefusalCode, refusal, type Shown } from "./refusal.ts";
import type { InboxSettings } from "./settings.ts";

type AddressParser = typeof import("postal-mime").addressParser;

const NESTING_MAX = 32;
const HEADERS_BYTES_MAX = 512 * 1024;
/** A longer identity is none; it would have to be indexed. */
const ID_LENGTH_MAX = 512;
const SHOWN_LENGTH_MAX = 200;
/** Signatures of the message itself. */
const SIGNATURES = new Set([
  "application/pkcs7-signature",
  "application/x-pkcs7-signature",
  "application/pgp-signature",
]);

export interface Mail {
  source: Buffer;
  /** Not: its head alone was fetched, since it is too long. */
  isWhole: boolean;
  number: { mailbox: string; uidValidity: string; uid: number };
}

export async function readMail(inbox: InboxSettings, mail: Mail): Promise<NativeMessage[]> {
  const { default: mime, addressParser } = await import("postal-mime").catch(missingDriver(READING));
  const parse = (source: Uint8Array) =>
    mime.parse(source, {
      forceRfc822Attachments: true,
      maxNestingDepth: NESTING_MAX,
      maxHeadersSize: HEADERS_BYTES_MAX,
    });
  let email: Email;
  try {
    email = await parse(mail.source);
  } catch {
    const head = await parse(headOf(mail.source)).catch(() => undefined);
    const shown = head === undefined ? {} : shownOf(head);
    return [refusal(identityOf(head, mail), "malformed", shown)];
  }
  const identity = identityOf(email, mail);
  const sender = senderOf(email, addressParser);
  const code = faultOf(inbox, mail, email, sender);
  if (code !== undefined) return [refusal(identity, code, shownOf(email))];
  return email.attachments.flatMap((attachment, index) => {
    if (!isRead(inbox, attachment)) return [];
    const special = specialCase(attachment);
    if (special !== undefined) return [refusal(`${identity}/${index + 1}`, special, shownOf(email))];
    return [attachmentOf(`${identity}/${index + 1}`, attachment)];
  });
}

/** In this order: who is not listened to learns nothing of the rest. */
function faultOf(
  inbox: InboxSettings,
  { isWhole }: Mail,
  email: Email,
  sender: string | undefined,
): RefusalCode | undefined {
  if (isBounce(email)) return "bounced";
  if (sender === undefined || !isListenedTo(inbox, sender)) return "sender";
  const domain = sender.slice(sender.lastIndexOf("@") + 1);
  const { authentication } = inbox;
  const results = valuesOf(email, "authentication-results");
  if (authentication !== undefined && !isAuthenticated(results, domain, authentication))
    return "unauthenticated";
  if (!isWhole) return "too-long";
  if (email.attachments.some((attachment) => isRead(inbox, attachment))) return undefined;
  return valuesOf(email, "auto-submitted").some((value) => /^\s*auto-replied/i.test(value))
    ? "automatic"
    : "no-attachment";
}

function isBounce(email: Email): boolean {
  return valuesOf(email, "content-type").some((value) =>
    /^\s*multipart\/report\b.*\breport-type\s*=\s*"?delivery-status\b/is.test(value),
  );
}

/** Of a message with one author; a second From is an attempt to be taken for somebody else. */
function senderOf(email: Email, addressParser: AddressParser): string | undefined {
  const [value, ...more] = valuesOf(email, "from");
  if (value === undefined || more.length > 0) return undefined;
  const [author, ...others] = addressParser(value);
  if (author === undefined || others.length > 0 || author.address === undefined) return undefined;
  return author.address.toLowerCase();
}

function isListenedTo({ senders }: InboxSettings, sender: string): boolean {
  const domain = sender.slice(sender.lastIndexOf("@"));
  return senders.some((allowed) => {
    const wanted = allowed.toLowerCase();
    return wanted.startsWith("@") ? wanted === domain : wanted === sender;
  });
}

/** Pictures of a letterhead and signatures are part of the letter. */
function isRead(
  { attachments }: InboxSettings,
  { filename, mimeType, disposition, related }: Attachment,
): boolean {
  if (SIGNATURES.has(mimeType)) return false;
  if (mimeType.startsWith("image/") && (related === true || disposition === "inline")) return false;
  return attachments === undefined || namePattern(attachments).test(filename ?? "");
}

function namePattern(name: string): RegExp {
  const parts = name.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "isu");
}

function specialCase({ filename, mimeType }: Attachment): RefusalCode | undefined {
  if (/ms-tnef$/.test(mimeType) || filename?.toLowerCase() === "winmail.dat") return "winmail";
  return mimeType === "message/rfc822" ? "forwarded" : undefined;
}

function attachmentOf(id: string, { content, mimeType }: Attachment): NativeMessage {
  const body = typeof content === "string" ? content : new Uint8Array(content as ArrayBuffer);
  return { topic: ATTACHMENT_TOPIC, id, contentType: printable(mimeType), body };
}

/** Its Message-ID, which a copy has as well; its number in its mailbox where it has none, or two. */
function identityOf(email: Email | undefined, { number }: Mail): string {
  const [id, ...more] = email === undefined ? [] : valuesOf(email, "message-id");
  const given = id?.trim() ?? "";
  if (/^[!-~]+$/.test(given) && given.length <= ID_LENGTH_MAX && more.length === 0) return given;
  return `${number.mailbox}/${number.uidValidity}/${number.uid}`;
}

function shownOf(email: Email): Shown {
  const values = {
    from: valuesOf(email, "from")[0],
    subject: email.subject,
    date: valuesOf(email, "date")[0],
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, printable(value)]],
    ),
  );
}

/** What a database takes, and a terminal. */
function printable(text: string): string {
  return text
    .slice(0, SHOWN_LENGTH_MAX)
    .toWellFormed()
    .replace(/\p{Cc}/gu, " ");
}

function valuesOf(email: Email, name: string): string[] {
  return email.headers.filter(({ key }) => key === name).map(({ value }) => value);
}

function headOf(source: Buffer): Uint8Array {
  const end = source.indexOf("\r\n\r\n");
  return source.subarray(0, Math.min(end === -1 ? source.length : end, HEADERS_BYTES_MAX / 2));
}
