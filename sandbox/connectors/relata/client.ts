// Relata's records. Reads throw ReadFailed; writes come back as they ended.
import {
  type Answer,
  type CallOutcome,
  type ConnectorContext,
  CrossdockError,
  classifyCall,
  type HttpAnswer,
  outcomeOf,
  readExact,
} from "../../../src/connector/index.ts";
import { canonicalJson } from "../../../src/core/json.ts";
import { type Fields, fieldsOf, listOf, textOr } from "../native-fields.ts";
import { type CallOptions, type Reading, readNative } from "../native-read.ts";
import { RelataAccess } from "./access.ts";
import type { RelataSettings } from "./settings.ts";

export interface RecordPage {
  records: Fields[];
  /** Absent on the last page. */
  next?: string;
}

export class RelataClient {
  private readonly root: string;
  private readonly context: ConnectorContext;
  private readonly reading: Reading;

  constructor(settings: RelataSettings, context: ConnectorContext) {
    this.root = `${settings.url}/services/data`;
    this.context = { ...context, http: new RelataAccess(settings, context) };
    this.reading = { context: this.context, reasonOf };
  }

  async list(
    resource: "accounts" | "orders",
    query: { since?: string; token?: string; pageSize: number },
    call: CallOptions,
  ): Promise<RecordPage> {
    const parameters = new URLSearchParams({ page_size: String(query.pageSize) });
    if (query.since !== undefined) parameters.set("modified_since", query.since);
    if (query.token !== undefined) parameters.set("page_token", query.token);
    const url = `${this.root}/${resource}?${parameters}`;
    const page = fieldsOf(await readNative(this.reading, { method: "GET", url, ...call }), resource);
    const next = textOr(page, "next_page_token");
    return { records: listOf(page, "records"), ...(next === undefined ? undefined : { next }) };
  }

  async get(resource: "accounts" | "orders", id: string, call: CallOptions): Promise<Fields | undefined> {
    const url = `${this.root}/${resource}/${encodeURIComponent(id)}`;
    const record = await readNative(this.reading, { method: "GET", url, ...call });
    return record === undefined ? undefined : fieldsOf(record, resource);
  }

  patch(path: string, body: unknown, call: CallOptions): Promise<CallOutcome> {
    return outcomeOf(
      this.context.http.request({
        method: "PATCH",
        url: `${this.root}/${path}`,
        headers: { "content-type": "application/json" },
        body: canonicalJson(body),
        ...call,
      }),
    );
  }

  classify(outcome: CallOutcome): Answer {
    return classifyCall(outcome, { now: this.context.now(), reasonOf });
  }
}

/** Its errors are a list: `[{"errorCode":"NOT_FOUND","message":"…"}]` */
function reasonOf(answer: HttpAnswer): string | undefined {
  try {
    const body = readExact(answer.body);
    const [first] = Array.isArray(body) ? body : [];
    if (first === undefined) return undefined;
    const { errorCode, message } = fieldsOf(first, "error");
    return `${String(errorCode)} ${String(message)}`;
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}
