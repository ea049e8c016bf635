// Parcelworks' event feed: read behind a cursor. With the fault switches on, a page repeats an event or
// shows its events in another order; the cursor stays right.

import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest } from "../simulation/router.ts";
import type { FulfilmentCentre, PartnerEvent } from "./fulfilment-centre.ts";
import { readNumber } from "./paging.ts";

const LIMIT_MAX = 200;

export function answerEvents(centre: FulfilmentCentre, request: NativeRequest): NativeAnswer {
  const since = readCursor(request.query.get("since"));
  const limit = readNumber(request, "limit", 100, LIMIT_MAX);
  const page = centre.events.slice(since, since + limit);
  const next = since + page.length;
  return {
    status: 200,
    body: {
      events: disturbed(centre, page),
      cursor: `ev-${next}`,
      more: next < centre.events.length,
    },
  };
}

function disturbed(centre: FulfilmentCentre, page: PartnerEvent[]): PartnerEvent[] {
  const { faults } = centre;
  const events = page.flatMap((event) => (faults.hit("duplicateWebhooks") ? [event, event] : [event]));
  if (!faults.active("reorderWebhooks")) return events;
  return events
    .map((event, index) => ({
      event,
      at: faults.hit("reorderWebhooks") ? faults.scatter(events.length) : index,
    }))
    .sort((a, b) => a.at - b.at)
    .map(({ event }) => event);
}

function readCursor(value: string | null): number {
  if (value === null || value === "") return 0;
  const match = /^ev-(\d+)$/.exec(value);
  if (!match) throw new Refusal(400, "cursorInvalid", "since is not a cursor that was given out");
  return Number(match[1]);
}
