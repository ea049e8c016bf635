// Reads what came into a mailbox since the cursor: UIDVALIDITY and the last UID. Whether a message was seen says
// nothing, since people look into mailboxes too. A mailbox that was numbered anew is read from its start, and what had
// been read is known by its Message-ID.
import type { ImapFlow } from "imapflow";
import { CrossdockError, type NativeMessage, type Poll } from "../../connector/index.ts";
import { type Visit, visit } from "./imap.ts";
import { readMail } from "./read-mail.ts";
import type { InboxSettings, MailSettings } from "./settings.ts";

/** Of one read: what is handed on in one commit. */
const MESSAGES_MAX = 50;
const BYTES_MAX = 16 * 1024 * 1024;
/** Of a message that is too long to be read: enough to say whose it is. */
const HEAD_BYTES = 64 * 1024;

interface Cursor {
  uidValidity: string;
  /** The last one that was read. */
  uid: number;
}

export function inboxPoll(settings: MailSettings, inbox: InboxSettings): Poll {
  const place = { ...inbox, mailbox: inbox.mailbox ?? "INBOX" };
  const { bytesMax } = settings;
  return {
    everyMs: settings.everySeconds * 1_000,
    read: (text, signal) =>
      visit(place, { readOnly: true, bytesMax, signal }, async ({ client, mailbox }) => {
        const cursor = startOf(text, mailbox);
        const uids = await uidsAfter(client, cursor.uid);
        const messages: NativeMessage[] = [];
        let { uid: last } = cursor;
        let bytes = 0;
        for (const uid of uids.slice(0, MESSAGES_MAX)) {
          if (bytes >= BYTES_MAX) break;
          signal.throwIfAborted();
          const mail = await fetchMail(client, uid, bytesMax);
          last = uid;
          if (mail === undefined) continue;
          bytes += mail.source.length;
          const number = { mailbox: place.mailbox, uidValidity: cursor.uidValidity, uid };
          messages.push(...(await readMail(inbox, { ...mail, number })));
        }
        return {
          messages,
          cursor: JSON.stringify({ ...cursor, uid: last }),
          more: uids.length > 0 && last !== uids.at(-1),
        };
      }),
  };
}

/** A next UID at or below the last one that was read is that of a mailbox that was put back: all is read again. */
function startOf(text: string | null, { uidValidity, uidNext }: Visit["mailbox"]): Cursor {
  const now = String(uidValidity);
  const cursor = text === null ? undefined : (JSON.parse(text) as Cursor);
  const isSame = cursor?.uidValidity === now && (!uidNext || uidNext > cursor.uid);
  return isSame ? cursor : { uidValidity: now, uid: 0 };
}

/** `n:*` holds the last message even where its UID is below n. */
async function uidsAfter(client: ImapFlow, after: number): Promise<number[]> {
  const found = await client.search({ uid: `${after + 1}:*` }, { uid: true });
  if (!Array.isArray(found)) throw new CrossdockError("mail.unreachable", "The server does not search.");
  return found.filter((uid) => uid > after).sort((one, other) => one - other);
}

/** Undefined: it went since it was listed. One that is there and cannot be fetched throws: it is not passed over. */
async function fetchMail(
  client: ImapFlow,
  uid: number,
  bytesMax: number,
): Promise<{ source: Buffer; size: number; isWhole: boolean } | undefined> {
  try {
    const listed = await client.fetchOne(String(uid), { uid: true, size: true }, { uid: true });
    const size = (listed || undefined)?.size ?? 0;
    const maxLength = size > bytesMax ? HEAD_BYTES : bytesMax + 1;
    const query = { uid: true, source: { start: 0, maxLength } };
    const fetched = await client.fetchOne(String(uid), query, { uid: true });
    if (fetched && fetched.source !== undefined && fetched.source.length > 0) {
      const { source } = fetched;
      // What a server says of the size is not always true.
      return {
        source,
        size: Math.max(size, source.length),
        isWhole: Math.max(size, source.length) <= bytesMax,
      };
    }
  } catch (error) {
    if (!client.usable) throw error;
    if (await isThere(client, uid)) throw error;
    return undefined;
  }
  if (await isThere(client, uid)) {
    throw new CrossdockError("mail.unreachable", `The server lists message ${uid} and does not give it.`);
  }
  return undefined;
}

async function isThere(client: ImapFlow, uid: number): Promise<boolean> {
  // The server says what went.
  await client.noop();
  const found = await client.search({ uid: String(uid) }, { uid: true });
  if (!Array.isArray(found)) throw new CrossdockError("mail.unreachable", "The server does not search.");
  return found.includes(uid);
}
