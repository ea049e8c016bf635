// The settings of a partner that has nothing but e-mail: the mailbox that is read, and where mail is sent.
import { type Static, Type } from "typebox";
import {
  type Fault,
  type OutboundType,
  object,
  oneOf,
  outboundKinds,
  withDefault,
} from "../../connector/index.ts";

const types = Object.keys(outboundKinds) as OutboundType[];
const optional = Type.Optional;
const Text = Type.String({ minLength: 1, pattern: "^[^\\r\\n\\u0000]+$" });
/** One mailbox, in ASCII: what every server takes. */
const ADDRESS = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?";
const Address = Type.String({
  pattern: `^${ADDRESS}$`,
  description: "An address such as orders@acme.example",
});
const Host = Type.String({ minLength: 1, pattern: "^[A-Za-z0-9.:_-]+$", description: "A host name" });
const Port = optional(Type.Integer({ minimum: 1, maximum: 65_535 }));
/** `tls` from the first byte, `starttls` or nothing, `none` in clear. Absent: tls. */
const Security = optional(oneOf("tls", "starttls", "none"));
/** PEM of the authority that signed the server's certificate; absent: those that Node knows. */
const Ca = optional(Type.String({ pattern: "^\\s*-----BEGIN CERTIFICATE-----", description: "A PEM" }));

const imap = {
  host: Host,
  /** Absent: 993 with tls, else 143. */
  port: Port,
  security: Security,
  user: Text,
  password: Text,
  ca: Ca,
};

const Inbox = object({
  ...imap,
  /** Absent: INBOX. */
  mailbox: optional(Text),
  /** Who is listened to: addresses, or whole domains as `@acme.example`. */
  senders: Type.Array(
    Type.String({ pattern: `^(${ADDRESS}|@[A-Za-z0-9.-]+)$`, description: "An address, or @domain" }),
    { minItems: 1 },
  ),
  /** What our own server must have found of a message, since a From is written by whoever likes. */
  authentication: optional(
    object({
      /** The name that our server writes at the front of Authentication-Results. */
      server: Text,
      /** One of them must have passed for the domain of From. */
      accepts: Type.Array(oneOf("dkim", "spf", "dmarc"), { minItems: 1 }),
    }),
  ),
  /** Which attachments are read, by name, where `*` is anything; others are passed over. Absent: all are read. */
  attachments: optional(Text),
});

const Sent = object({
  ...imap,
  /** A folder of its own; it must be there. */
  mailbox: Text,
});

const Outbox = object({
  host: Host,
  /** Absent: 465 with tls, else 587. */
  port: Port,
  security: Security,
  /** Absent: no log-in. */
  user: optional(Text),
  password: optional(Text),
  ca: Ca,
  from: Address,
  /** One address: a message to several can be taken for one of them and refused for another. */
  to: Address,
  /** What is sent. */
  messages: Type.Array(oneOf(...types), { minItems: 1 }),
  /** Where what was sent is kept and looked up. */
  sent: optional(Sent),
});

export const MailSettings = object({
  inbox: optional(Inbox),
  outbox: optional(Outbox),
  /** Between two looks at the mailbox. */
  everySeconds: withDefault(Type.Integer({ minimum: 1, maximum: 86_400 }), 60),
  /** A longer message is not read, and a longer one is not sent. */
  bytesMax: withDefault(Type.Integer({ minimum: 1_024, maximum: 100 * 1024 * 1024 }), 10 * 1024 * 1024),
});

export type MailSettings = Static<typeof MailSettings>;
export type InboxSettings = Static<typeof Inbox>;
export type OutboxSettings = Static<typeof Outbox>;
export type ImapPlace = Static<typeof Sent>;

/** What the schema cannot say. */
export function checkSettings({ inbox, outbox }: MailSettings): Fault[] {
  const faults: Fault[] = [];
  if (inbox === undefined && outbox === undefined) {
    const message = "is absent, and so is outbox: say which mailbox is read or where mail is sent.";
    faults.push({ path: "$.inbox", message });
  }
  const places = [
    ["$.inbox", inbox],
    ["$.outbox", outbox],
    ["$.outbox.sent", outbox?.sent],
  ] as const;
  for (const [path, place] of places) {
    if (place?.ca !== undefined && place.security === "none") {
      faults.push({
        path: `${path}.ca`,
        message: 'is of no use where security is "none": mend one of them.',
      });
    }
  }
  if (outbox === undefined) return faults;
  if ((outbox.user === undefined) !== (outbox.password === undefined)) {
    const [absent, given] = outbox.user === undefined ? ["user", "password"] : ["password", "user"];
    faults.push({ path: `$.outbox.${absent}`, message: `is required where ${given} is given.` });
  }
  const { messages, sent } = outbox;
  const twice = messages.find((type, index) => messages.indexOf(type) !== index);
  if (twice !== undefined) faults.push({ path: "$.outbox.messages", message: `names ${twice} twice.` });
  if (sent !== undefined && sent.host === inbox?.host && sent.user === inbox.user) {
    if (folderName(sent.mailbox) === folderName(inbox.mailbox ?? "INBOX")) {
      const message = "is the mailbox that is read: what is sent would come back. Name another folder.";
      faults.push({ path: "$.outbox.sent.mailbox", message });
    }
  }
  return faults;
}

/** INBOX alone is the same in any case. */
const folderName = (name: string): string => (name.toUpperCase() === "INBOX" ? "INBOX" : name);
