// Asks a system for a record by its business key. Only an answer that is surely about this record counts: a filter that
// a system does not know is one that it leaves out, and then everything is found.
import {
  CallFailed,
  type CallLimits,
  classifyCall,
  type Found,
  type OutboundMessage,
  parseJsonPath,
  saysNothing,
  textOf,
  unfitPath,
  valueAt,
} from "../../connector/index.ts";
import { jsonIn } from "./answer.ts";
import { factsOf } from "./facts.ts";
import { wordAt } from "./request.ts";
import type { Desk } from "./writer.ts";

export async function findRecord(desk: Desk, message: OutboundMessage, limits: CallLimits): Promise<Found> {
  const { api, context, outgoing } = desk;
  let path: string;
  try {
    path = outgoing.lookupPathOf(message);
  } catch (error) {
    if (unfitPath(error) === undefined) throw error;
    return unknown((error as Error).message);
  }
  const outcome = await api.call({ method: "GET", url: api.urlOf(path) }, limits);
  if ("notGranted" in outcome) return unknown(outcome.notGranted.reason);
  if (outcome instanceof CallFailed) return unknown(outcome.message);
  if (outcome.status === 404 || outcome.status === 410) return { kind: "absent" };
  if (outcome.status !== 200) {
    const said = classifyCall(outcome, { now: context.now() });
    return unknown(api.authority.redact("reason" in said ? said.reason : `HTTP ${outcome.status}`));
  }
  return among(desk, jsonIn(outcome), message);
}

const unknown = (reason: string): Found => ({ kind: "unknown", reason });
const at = (document: unknown, path: string): unknown => valueAt(document, parseJsonPath(path).segments);

function among(desk: Desk, body: unknown, message: OutboundMessage): Found {
  const { items, match, reference } = desk.settings.lookup!;
  const list = items === undefined ? [body] : at(body, items);
  if (!Array.isArray(list)) return unknown(`The look-up's answer has no list at ${items}.`);
  const word = wordAt(match.record, message);
  const found = list.find((item) => textOf(at(item, match.item)) === word);
  if (found === undefined) {
    if (list.length === 0) return { kind: "absent" };
    return unknown(`The look-up finds what has no ${word} at ${match.item}: it does not look for our key.`);
  }
  const number = reference === undefined ? undefined : at(found, reference);
  if (saysNothing(number)) return { kind: "found" };
  const text = textOf(number);
  if (text === undefined) return unknown(`The look-up's answer has no text at ${reference}.`);
  const facts = factsOf(message, text, desk.context);
  return facts === undefined ? { kind: "found", reference: text } : { kind: "found", reference: text, facts };
}
