// What a system says of one record: its own words first, by the declared rules, then the status. What is accepted and
// cannot be read as it was declared is unknown, never done.
import {
  type Answer,
  businessKey,
  classifyCall,
  type HttpAnswer,
  type OutboundMessage,
  parseJsonPath,
  type Reference,
  saysNothing,
  type Time,
  textOf,
  valueAt,
  wordOf,
} from "../../connector/index.ts";
import { readJson } from "./api.ts";
import type { AnswerRuleSettings, WriteSettings } from "./settings.ts";

export interface Judged {
  settings: WriteSettings;
  message: OutboundMessage;
  /** What it says of this record; undefined where it is no JSON. */
  said: unknown;
  /** Of the record; undefined where a result within an answer has none. */
  status: number | undefined;
  answer: HttpAnswer;
  now: Time;
  redact(text: string): string;
}

export function judge(judged: Judged): Answer {
  const { settings, answer, now, status, redact } = judged;
  const reason = redact(reasonOf(judged));
  const rule = settings.rules?.find((candidate) => fits(candidate, judged));
  if (rule !== undefined) return ofRule(rule, reason, judged);
  if (status === undefined) return { kind: "unknown", reason };
  const headers = { ...answer.headers };
  if (typeof headers.location === "string") headers.location = redact(headers.location);
  const byStatus = classifyCall(
    { ...answer, headers, status },
    { now, reasonOf: () => withoutStatus(reason) },
  );
  return byStatus.kind === "done" ? done(judged) : byStatus;
}

const REASON_MAX = 300;
const withoutStatus = (reason: string): string => reason.replace(/^HTTP \d+(: )?/, "");

function reasonOf({ settings, said, status, answer }: Judged): string {
  const own = settings.reason === undefined ? undefined : wordOf(find(said, settings.reason));
  const text = own ?? (status === undefined ? JSON.stringify(said) : answer.body.trim());
  const shown =
    text !== undefined && text.length > REASON_MAX ? `${text.slice(0, REASON_MAX)}…` : (text ?? "");
  return `HTTP ${status ?? answer.status}${shown === "" ? "" : `: ${shown}`}`;
}

const find = (document: unknown, path: string): unknown => valueAt(document, parseJsonPath(path).segments);

function fits({ status, field, is }: AnswerRuleSettings, judged: Judged): boolean {
  if (status !== undefined && status !== (judged.status ?? judged.answer.status)) return false;
  if (field === undefined) return true;
  const value = find(judged.said, field);
  if (is === undefined) return !saysNothing(value) && value !== false && !isEmpty(value);
  const word = wordOf(value);
  return word !== undefined && is.includes(word);
}

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

function ofRule({ meaning, references }: AnswerRuleSettings, reason: string, judged: Judged): Answer {
  switch (meaning) {
    case "done":
      return done(judged, true);
    case "refused":
      return { kind: "refused", code: `rest.${judged.status ?? judged.answer.status}`, reason };
    case "busy": {
      const { answer, now } = judged;
      const byStatus = classifyCall({ ...answer, status: 429 }, { now });
      return byStatus.kind === "busy" ? { ...byStatus, reason } : { kind: "busy", reason };
    }
    case "missing":
      return {
        kind: "missing",
        references: (references ?? []).map((named) => referenceOf(named, judged.message)),
      };
    default:
      return { kind: meaning, reason };
  }
}

function referenceOf(
  { domain, key }: { domain: Reference["domain"]; key: string },
  message: OutboundMessage,
): Reference {
  const { company } = message.payload as { company: string };
  return { domain, key: businessKey(company, textOf(find(message.payload, key)) ?? "unknown") };
}

/** `byRule`: its own words say that it is done, such as "exists already"; a number may then be absent. */
function done({ settings, said, status, answer }: Judged, byRule = false): Answer {
  if (settings.reference === undefined) {
    const isPage = String(answer.headers["content-type"] ?? "").includes("html");
    // A page where a service should be is a proxy or a login, whatever its status says.
    if (isPage) return { kind: "unknown", reason: `HTTP ${answer.status}: the answer is a page, not JSON.` };
    return { kind: "done" };
  }
  const reference = textOf(find(said, settings.reference));
  if (reference !== undefined && reference !== "") return { kind: "done", reference };
  if (byRule) return { kind: "done" };
  const reason = `HTTP ${status ?? answer.status}: the answer has no reference at ${settings.reference}.`;
  return { kind: "unknown", reason };
}

/** The answer's JSON; undefined where it is none. */
export function jsonIn(answer: HttpAnswer): unknown {
  try {
    return readJson(answer.body);
  } catch {
    return undefined;
  }
}
