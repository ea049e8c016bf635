// Every server that is configured answers, and takes our log-in.
import { visit } from "./imap.ts";
import { inSent } from "./sent.ts";
import type { MailSettings } from "./settings.ts";
import { tryLogIn } from "./smtp.ts";

export async function checkHealth(settings: MailSettings, signal: AbortSignal): Promise<void> {
  const { inbox, outbox, bytesMax } = settings;
  const options = { readOnly: true, bytesMax, signal };
  const reached = async () => undefined;
  if (inbox !== undefined) await visit({ ...inbox, mailbox: inbox.mailbox ?? "INBOX" }, options, reached);
  if (outbox === undefined) return;
  await tryLogIn(outbox, signal);
  if (outbox.sent !== undefined) await inSent(outbox.sent, options, reached);
}
