// Any system that speaks JSON over HTTP, by declaration: what is read, what it may send, what it is sent.
import {
  type ConnectorSession,
  CrossdockError,
  defineConnector,
  type OutboundType,
} from "../../connector/index.ts";
import { restApi } from "./api.ts";
import { takeCensus } from "./census.ts";
import { checkSettings } from "./check.ts";
import { topicsOf } from "./map.ts";
import { pollOf } from "./poll.ts";
import { RestSettings, type WriteSettings } from "./settings.ts";
import { webhookOf } from "./webhook.ts";
import { writerOf } from "./writer.ts";

export const rest = defineConnector({
  name: "rest",
  title: "REST",
  settings: RestSettings,
  mappingRevision: 2,
  writes: ({ writes }) =>
    Object.fromEntries(
      declared(writes).map(([type, { kind, bulk }]) => [type, { kind, bulkMax: bulk?.max ?? 1 }]),
    ),
  check: checkSettings,
  open(settings, context): ConnectorSession {
    const api = restApi(settings, context);
    const session: ConnectorSession = {
      map: topicsOf(settings),
      polls: named(settings.reads, (topic, read) => pollOf(api, topic, read, context)),
      webhooks: named(settings.webhooks, webhookOf),
      writers: Object.fromEntries(
        declared(settings.writes).map(([type, write]) => [type, writerOf(api, type, write, context)]),
      ),
      async health(signal) {
        const url =
          settings.healthPath === undefined ? new URL(settings.url) : api.urlOf(settings.healthPath);
        const outcome = await api.call({ method: "GET", url }, { signal });
        if ("notGranted" in outcome) throw ill(outcome.notGranted.kind, outcome.notGranted.reason);
        if (!("status" in outcome)) throw outcome;
        const { status } = outcome;
        const where = `${url.origin}${url.pathname}`;
        if (status === 401 || status === 403) {
          throw ill("denied", `${where} answers ${status}: the credentials do not hold.`);
        }
        // Without a path of its own the place is asked, which need not be one that answers.
        const isWell = settings.healthPath === undefined ? status < 500 : status >= 200 && status < 300;
        if (!isWell) throw ill("ill", `${where} answers ${status}.`);
      },
      async close() {
        // The client is the caller's, and there is nothing else.
      },
    };
    if (settings.census.length === 0) return session;
    return {
      ...session,
      census: (window, signal) =>
        Promise.all(settings.census.map((census) => takeCensus(api, census, window, signal))),
    };
  },
});

const ill = (kind: string, message: string): CrossdockError =>
  new CrossdockError(kind === "denied" ? "rest.denied" : "rest.ill", message, { retry: "later" });

const declared = (writes: RestSettings["writes"]) =>
  Object.entries(writes).filter((entry) => entry[1] !== undefined) as [OutboundType, WriteSettings][];

function named<Settings, Made>(
  settings: Readonly<Record<string, Settings>>,
  make: (name: string, settings: Settings) => Made,
): Record<string, Made> {
  return Object.fromEntries(Object.entries(settings).map(([name, one]) => [name, make(name, one)]));
}
