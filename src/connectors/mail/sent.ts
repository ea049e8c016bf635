// The folder that says what was sent. A message is put there before it is sent, marked as a draft, and loses the mark
// when the server has taken it. So what is not there was never sent; what is a draft may have been.
import type { ImapFlow } from "imapflow";
import { CrossdockError } from "../../connector/index.ts";
import type { Composed } from "./compose.ts";
import { visit } from "./imap.ts";
import type { ImapPlace } from "./settings.ts";

/** The newest ones are looked through, since some servers find by search only what they have indexed. */
const NEWEST = 500;
const DRAFT = "\\Draft";

export interface Kept {
  uid: number;
  isDraft: boolean;
}

export interface SentFolder {
  find(messageId: string): Promise<Kept | undefined>;
  /** Puts it there as a draft. */
  keep(message: Composed): Promise<Kept>;
  /** It was taken. False: the mark could not be removed. */
  confirm(kept: Kept): Promise<boolean>;
  /** It was not taken. False: it could not be removed. */
  remove(kept: Kept): Promise<boolean>;
}

export function inSent<T>(
  place: ImapPlace,
  options: { bytesMax: number; signal: AbortSignal },
  run: (folder: SentFolder) => Promise<T>,
): Promise<T> {
  return visit(place, { ...options, readOnly: false }, ({ client, mailbox }) => {
    const flags = mailbox.permanentFlags;
    // Where the mark does not last, a message that never left would look as if it had.
    if (flags !== undefined && ![...flags].some((flag) => flag.toLowerCase() === "\\draft")) {
      const message = `${place.host}, ${place.mailbox}: it keeps no draft marks: name another folder.`;
      throw new CrossdockError("mail.unreachable", message, { retry: "later" });
    }
    return run({
      find: (messageId) => find(client, mailbox.exists, messageId),
      async keep({ bytes, messageId }) {
        const flags = ["\\Seen", DRAFT];
        const appended = await client.append(place.mailbox, bytes, flags);
        const uid = appended ? appended.uid : undefined;
        if (uid !== undefined) return { uid, isDraft: true };
        await client.noop();
        const found = await find(client, undefined, messageId);
        if (found === undefined) throw new Error("what was put into it is not found");
        return found;
      },
      confirm: ({ uid }) => client.messageFlagsRemove(String(uid), [DRAFT], { uid: true }),
      remove: ({ uid }) => client.messageDelete(String(uid), { uid: true }),
    });
  });
}

/** One that was taken counts before a draft of the same. */
async function find(
  client: ImapFlow,
  exists: number | undefined,
  messageId: string,
): Promise<Kept | undefined> {
  const query = { uid: true, flags: true, envelope: true };
  const found: Kept[] = [];
  const look = async (range: string, isUid: boolean) => {
    for (const { uid, flags, envelope } of await client.fetchAll(range, query, { uid: isUid })) {
      if (envelope?.messageId === messageId) found.push({ uid, isDraft: flags?.has(DRAFT) ?? false });
    }
  };
  if (exists !== undefined && exists > 0) await look(`${Math.max(1, exists - NEWEST + 1)}:*`, false);
  if (found.length === 0) {
    const uids = await client.search({ header: { "message-id": messageId } }, { uid: true });
    if (!Array.isArray(uids)) throw new Error("the server does not search");
    if (uids.length > 0) await look(uids.join(","), true);
  }
  return found.find(({ isDraft }) => !isDraft) ?? found[0];
}
