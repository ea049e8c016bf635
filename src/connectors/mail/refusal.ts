// A message that is not read, and why: what is kept of it is whose it is and what is wrong with it. The message itself
// stays in its mailbox.
import { canonicalJson, type Mapping, type NativeMessage } from "../../connector/index.ts";

/** Apart from what is read: a forged message never takes the identity of a true one. */
export const REFUSED_TOPIC = "refused";

export type RefusalCode =
  | "malformed"
  | "bounced"
  | "sender"
  | "unauthenticated"
  | "too-long"
  | "automatic"
  | "no-attachment"
  | "winmail"
  | "forwarded";

const REASONS: Record<RefusalCode, string> = {
  malformed: "It cannot be taken apart: its MIME is broken.",
  bounced: "A mail server tells that a message could not be delivered.",
  sender: "Its sender is none of inbox.senders.",
  unauthenticated: "Our mail server did not find that it comes from the domain of its sender.",
  "too-long": "It is longer than bytesMax.",
  automatic: "An automatic answer without an attachment.",
  "no-attachment": "No attachment is to be read: the document must be attached.",
  winmail: "It holds winmail.dat: its sender must send it as MIME instead of as rich text of Outlook.",
  forwarded:
    "It holds a forwarded message, whose attachments are not read: they must be attached themselves.",
};

/** What tells whose message it is, as far as that can be read. */
export interface Shown {
  from?: string;
  subject?: string;
  date?: string;
}

/** The same message that is refused for the same reason is the same receipt. */
export function refusal(identity: string, code: RefusalCode, shown: Shown): NativeMessage {
  return {
    topic: REFUSED_TOPIC,
    id: `${identity}/${code}`,
    contentType: "application/json",
    body: canonicalJson({ code, message: identity, ...shown }),
  };
}

export function mapRefusal({ body }: NativeMessage): Mapping {
  const text = typeof body === "string" ? body : Buffer.from(body).toString("utf8");
  const { code, from, subject } = JSON.parse(text) as Shown & { code: RefusalCode };
  if (code === "automatic") return { ignored: REASONS.automatic };
  const about = [
    from === undefined ? "" : ` From: ${from}.`,
    subject === undefined ? "" : ` Subject: ${subject}`,
  ];
  return { failed: `${REASONS[code]}${about.join("")}` };
}
