// Calls Tradefront. Reads throw ReadFailed; writes come back as they ended.
import {
  type Answer,
  type CallOutcome,
  type ConnectorContext,
  CrossdockError,
  classifyCall,
  type HttpAnswer,
  outcomeOf,
} from "../../../src/connector/index.ts";
import { canonicalJson } from "../../../src/core/json.ts";
import { type Fields, fieldsOf, listOf, numberOf, readFields } from "../native-fields.ts";
import { type CallOptions, type Reading, readNative } from "../native-read.ts";
import type { TradefrontSettings } from "./settings.ts";

export interface Page {
  rows: Fields[];
  pages: number;
}

export class TradefrontClient {
  private readonly root: string;
  private readonly headers: Record<string, string>;
  private readonly context: ConnectorContext;
  private readonly reading: Reading;

  constructor(settings: TradefrontSettings, context: ConnectorContext) {
    this.root = `${settings.url}/api`;
    this.headers = { accept: "application/json", authorization: `Token ${settings.token}` };
    this.context = context;
    this.reading = { context, reasonOf };
  }

  async page(
    list: { path: string; name: string },
    query: { since: string | undefined; page: number; perPage: number },
    call: CallOptions,
  ): Promise<Page> {
    const parameters = new URLSearchParams({ page: String(query.page), perPage: String(query.perPage) });
    if (query.since !== undefined) parameters.set("since", query.since);
    const url = `${this.root}/${list.path}?${parameters}`;
    const body = await readNative(this.reading, { method: "GET", url, headers: this.headers, ...call });
    const answer = fieldsOf(body, list.path);
    return { rows: listOf(answer, list.name), pages: Number(numberOf(answer, "pages")) };
  }

  async order(orderNo: string, call: CallOptions): Promise<Fields | undefined> {
    const url = `${this.root}/orders/${encodeURIComponent(orderNo)}`;
    const body = await readNative(this.reading, { method: "GET", url, headers: this.headers, ...call });
    return body === undefined ? undefined : fieldsOf(body, "order");
  }

  post(path: string, body: unknown, call: CallOptions): Promise<CallOutcome> {
    return outcomeOf(
      this.context.http.request({
        method: "POST",
        url: `${this.root}/${path}`,
        headers: { ...this.headers, "content-type": "application/json" },
        body: canonicalJson(body),
        ...call,
      }),
    );
  }

  classify(outcome: CallOutcome): Answer {
    return classifyCall(outcome, { now: this.context.now(), reasonOf });
  }
}

/** Its own words: `{"error":{"type":"notFound","message":"…"}}` */
function reasonOf(answer: HttpAnswer): string | undefined {
  const error = errorOf(answer);
  return error === undefined ? undefined : `${String(error.type)} ${String(error.message)}`;
}

function errorOf(answer: HttpAnswer): Fields | undefined {
  try {
    const { error } = readFields(answer.body, "answer");
    return typeof error === "object" && error !== null ? (error as Fields) : undefined;
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}
