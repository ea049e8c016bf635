// What came back from a target is a fact: recorded in the transaction that settles the delivery.
import { CrossdockError } from "../../core/errors.ts";
import { validateEvent } from "../../domains/catalogue.ts";
import type { RecordedEvent } from "../../domains/event.ts";
import { type AppendEvent, appendEvents, asRecorded } from "../../store/event.ts";
import { addIntake, noIntake } from "../../store/intake.ts";
import type { DeliveryFact, FactSink } from "../delivery/facts.ts";
import { canonicalEvent } from "./incoming.ts";

/** Throws `delivery.fact-invalid` where a connector answered with a fact that its contract does not allow. */
export function factSink(company: string, recorded: (events: RecordedEvent[]) => void): FactSink {
  return {
    async record(tx, target, facts) {
      const events = facts.map((fact) => asEvent(company, target, fact));
      const [appended] = await Promise.all([
        appendEvents(tx, events),
        addIntake(tx, new Map([[target, { ...noIntake(), recorded: events.length }]])),
      ]);
      const result = asRecorded(events, appended);
      return () => recorded(result);
    },
  };
}

function asEvent(company: string, target: string, fact: DeliveryFact): AppendEvent {
  const [error] = validateEvent(fact.event.type, fact.event.data);
  if (error !== undefined) {
    throw new CrossdockError(
      "delivery.fact-invalid",
      `${target} answered ${fact.event.type} with ${error.path}: ${error.message}`,
      {
        details: { deliveryId: fact.deliveryId, path: error.path },
      },
    );
  }
  return {
    ...canonicalEvent(target, company, {
      ...fact.event,
      ...(fact.correlationId === undefined ? {} : { correlationId: fact.correlationId }),
    }),
    causeSeq: fact.causeSeq,
  };
}
