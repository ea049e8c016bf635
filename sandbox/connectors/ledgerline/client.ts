// Calls Ledgerline. Reads throw ReadFailed; writes come back as they ended, for whoever knows what was written.
import {
  type Answer,
  CallFailed,
  type CallOutcome,
  type ConnectorContext,
  CrossdockError,
  classifyCall,
  type HttpAnswer,
  outcomeOf,
} from "../../../src/connector/index.ts";
import { canonicalJson, NumberText } from "../../../src/core/json.ts";
import { type Fields, fieldsOf, listOf, readFields } from "../native-fields.ts";
import { type CallOptions, type Reading, readNative } from "../native-read.ts";
import type { LedgerlineSettings } from "./settings.ts";

/** Names in one `in (…)`: the query stays far below 8 KB. */
const NAMES_MAX = 80;

export interface Query {
  filter?: string;
  orderBy?: string;
  top?: number;
  select?: string;
}

export class LedgerlineClient {
  private readonly root: string;
  private readonly headers: Record<string, string>;
  private readonly context: ConnectorContext;
  private readonly reading: Reading;

  constructor(settings: LedgerlineSettings, context: ConnectorContext) {
    this.root = `${settings.url}/odata/v4`;
    this.headers = { accept: "application/json", apikey: settings.apiKey };
    this.context = context;
    this.reading = { context, reasonOf };
  }

  /** One page of a resource, in the order of its ids where nothing else is asked for. */
  async list(resource: string, query: Query, call: CallOptions = {}): Promise<Fields[]> {
    const parameters = new URLSearchParams();
    if (query.filter !== undefined) parameters.set("$filter", query.filter);
    if (query.orderBy !== undefined) parameters.set("$orderby", query.orderBy);
    if (query.select !== undefined) parameters.set("$select", query.select);
    if (query.top !== undefined) parameters.set("$top", String(query.top));
    const url = `${this.root}/${resource}?${parameters}`;
    const page = await readNative(this.reading, { method: "GET", url, headers: this.headers, ...call });
    return listOf(fieldsOf(page, resource), "value");
  }

  /** Every record whose field is one of these names. */
  async listNamed(
    resource: string,
    field: string,
    names: readonly string[],
    call?: CallOptions,
  ): Promise<Fields[]> {
    const found: Fields[] = [];
    for (let from = 0; from < names.length; from += NAMES_MAX) {
      const some = names
        .slice(from, from + NAMES_MAX)
        .map(quoted)
        .join(",");
      found.push(...(await this.listAll(resource, `${field} in (${some})`, call)));
    }
    return found;
  }

  /** All pages of what fits a filter, by id. */
  async listAll(resource: string, filter: string, call?: CallOptions): Promise<Fields[]> {
    const found: Fields[] = [];
    for (;;) {
      const after = found.at(-1)?.ID;
      const beyond = after instanceof NumberText ? ` and ID gt ${after.text}` : "";
      const page = await this.list(resource, { filter: `(${filter})${beyond}`, top: 500 }, call);
      found.push(...page);
      if (page.length < 500) return found;
    }
  }

  async get(resource: string, id: string, call: CallOptions = {}): Promise<Fields | undefined> {
    const url = `${this.root}/${resource}(${id})`;
    const record = await readNative(this.reading, { method: "GET", url, headers: this.headers, ...call });
    return record === undefined ? undefined : fieldsOf(record, resource);
  }

  write(method: "POST" | "PATCH", path: string, body: unknown, call: CallOptions): Promise<CallOutcome> {
    return outcomeOf(
      this.context.http.request({
        method,
        url: `${this.root}/${path}`,
        headers: { ...this.headers, "content-type": "application/json" },
        body: canonicalJson(body),
        ...call,
      }),
    );
  }

  /** What a write that did not succeed means, where its code says nothing else. */
  classify(outcome: CallOutcome): Answer {
    const answer = classifyCall(outcome, { now: this.context.now(), reasonOf });
    if (answer.kind !== "refused") return answer;
    return { ...answer, code: errorCode(outcome) ?? answer.code };
  }
}

/** The record that a successful write answered with; undefined where the answer is cut. */
export function writtenRecord(answer: HttpAnswer): Fields | undefined {
  try {
    return readFields(answer.body, "answer");
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

/** It was accepted, and the answer cannot be read: it has to be looked up. */
export const unreadable = (status: number): Answer => ({
  kind: "unknown",
  reason: `HTTP ${status}: the answer is cut or no JSON.`,
});

export function errorCode(outcome: CallOutcome): string | undefined {
  return outcome instanceof CallFailed ? undefined : errorOf(outcome)?.code;
}

function reasonOf(answer: HttpAnswer): string | undefined {
  const error = errorOf(answer);
  return error === undefined ? undefined : `${error.code} ${error.message}`;
}

function errorOf(answer: HttpAnswer): { code: string; message: string } | undefined {
  const error = writtenRecord(answer)?.error;
  if (typeof error !== "object" || error === null) return undefined;
  const { code, message } = error as Fields;
  return typeof code === "string" ? { code, message: String(message ?? "") } : undefined;
}

/** A text in a filter. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A decimal as JSON number, with all its digits. */
export const exactNumber = (decimal: string): NumberText => new NumberText(decimal);
