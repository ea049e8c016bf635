// A partner that has nothing but e-mail: its documents are attachments of messages in a mailbox, and what it is told
// is a message with an attachment.
import { type ConnectorSession, defineConnector } from "../../connector/index.ts";
import { checkHealth } from "./health.ts";
import { mapMail } from "./map.ts";
import { inboxPoll } from "./poll.ts";
import { checkSettings, MailSettings } from "./settings.ts";
import { writerOf } from "./writer.ts";

export const mail = defineConnector({
  name: "mail",
  title: "E-mail",
  settings: MailSettings,
  check: checkSettings,
  mappingRevision: 1,
  writes: ({ outbox }) => {
    const kind = outbox?.sent === undefined ? "none" : "lookup";
    return Object.fromEntries((outbox?.messages ?? []).map((type) => [type, { kind, bulkMax: 1 }]));
  },
  clock: { resolutionMs: 1_000 },
  limits: { concurrency: 2, requestTimeoutMs: 120_000 },
  open(settings, context): ConnectorSession {
    const { inbox, outbox } = settings;
    const writer = outbox === undefined ? undefined : writerOf(settings, outbox, context);
    return {
      map: mapMail,
      polls: inbox === undefined ? {} : { inbox: inboxPoll(settings, inbox) },
      writers: writer === undefined ? {} : Object.fromEntries(outbox!.messages.map((type) => [type, writer])),
      health: (signal) => checkHealth(settings, signal),
      async close() {
        // Every visit ends its own connection.
      },
    };
  },
});
