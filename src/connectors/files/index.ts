// A partner that has nothing but files: what it writes becomes canonical events by declaration, and what it is sent
// becomes files. A half-written file is not read, a file is read once, and a row is never lost or doubled.
import { type ConnectorSession, defineConnector } from "../../connector/index.ts";
import { checkSettings } from "./check.ts";
import { checkHealth } from "./health.ts";
import { mapperOf } from "./map.ts";
import { filesPoll } from "./poll.ts";
import { FilesSettings } from "./settings.ts";
import { streamOf } from "./stream.ts";
import { transportOf } from "./transports.ts";
import { writerOf } from "./writer.ts";

export const files = defineConnector({
  name: "files",
  title: "Files",
  settings: FilesSettings,
  mappingRevision: 2,
  writes: ({ outbound = {} }) =>
    Object.fromEntries(
      Object.entries(outbound).map(([type, { write, batchMax }]) => [
        type,
        { kind: write ?? "lookup", bulkMax: batchMax ?? 1 },
      ]),
    ),
  clock: { resolutionMs: 1_000 },
  limits: { concurrency: 4, requestTimeoutMs: 60_000 },
  check: checkSettings,
  open(settings, context): ConnectorSession {
    const transport = transportOf(settings.at);
    const { inbound = {}, outbound = {} } = settings;
    const streams = Object.fromEntries(
      Object.entries(inbound).map(([name, given]) => [name, streamOf(name, given)]),
    );
    return {
      map: mapperOf(streams),
      polls: Object.fromEntries(
        Object.values(streams).map((stream) => [stream.name, filesPoll(stream, transport, context)]),
      ),
      writers: Object.fromEntries(
        Object.entries(outbound).map(([type, target]) => [type, writerOf(target, transport)]),
      ),
      health: () => checkHealth(settings, transport),
      close: () => transport.close(),
    };
  },
});
