// Posts goods movements, up to 200 a call, each answered by itself. A second posting would move the goods twice, so a
// movement bears our number as ExternalReference and is looked up by it.
import {
  type Answer,
  CallFailed,
  type CallOutcome,
  CrossdockError,
  classifyFailure,
  type MovementPayload,
  type OutboundMessage,
  type Writer,
} from "../../../src/connector/index.ts";
import { businessKey } from "../../../src/core/identifiers.ts";
import { dateIn } from "../../../src/core/time.ts";
import { type Fields, fieldsOf, listOf, numberOf, readFields, textOf } from "../native-fields.ts";
import { answerOf, ReadFailed, TimeLeft } from "../native-read.ts";
import type { Desk } from "./booking.ts";
import { type CitedPart, citeInvoices } from "./citation.ts";
import { exactNumber, quoted, unreadable } from "./client.ts";
import type { KnownOrder } from "./order-index.ts";
import { type Posting, postingOf } from "./posting.ts";
import { nativeUnits } from "./unit.ts";

export const MOVEMENTS_MAX = 200;

type Message = OutboundMessage<MovementPayload>;
/** Ready to be posted, or answered already. */
type Step = { record: Fields } | { answer: Answer };

export function movementWriter(desk: Desk): Writer {
  return {
    send: (messages, call) => post(desk, messages as Message[], new TimeLeft(desk.context, call)),
    async find(message, call) {
      const { movementId } = message.payload as MovementPayload;
      const filter = `ExternalReference eq ${quoted(movementId)}`;
      try {
        const [found] = await desk.client.list("GoodsMovements", { filter, top: 1 }, call);
        if (found === undefined) return { kind: "absent" };
        return { kind: "found", reference: textOf(found, "DocumentNumber") };
      } catch (error) {
        if (error instanceof ReadFailed) return { kind: "unknown", reason: error.answer.reason };
        throw error;
      }
    },
  };
}

async function post(desk: Desk, messages: readonly Message[], time: TimeLeft): Promise<Answer[]> {
  const steps = await prepare(desk, messages, time);
  const records = steps.flatMap((step) => ("record" in step ? [step.record] : []));
  const posted = records.length === 0 ? [] : await postRecords(desk, records, time);
  let next = 0;
  return steps.map((step, index) => {
    if ("answer" in step) return step.answer;
    return withOrder(desk, messages[index]!.payload, posted[next++]!);
  });
}

async function prepare(desk: Desk, messages: readonly Message[], time: TimeLeft): Promise<Step[]> {
  const orderIds = messages.flatMap(({ payload }) => payload.order?.orderId ?? []);
  let orders: Map<string, KnownOrder>;
  try {
    orders = await desk.orders.find(orderIds, () => time.next());
  } catch (error) {
    if (!(error instanceof ReadFailed)) throw error;
    const { answer } = error;
    return messages.map(() => ({ answer }));
  }
  return Promise.all(messages.map(({ payload }) => stepOf(desk, payload, orders, time)));
}

async function stepOf(
  desk: Desk,
  payload: MovementPayload,
  orders: ReadonlyMap<string, KnownOrder>,
  time: TimeLeft,
): Promise<Step> {
  const posting = postingOf(payload);
  // Nothing that a valuation ledger would book: no units, or the half of a change of status that another one says.
  if (posting === undefined) return { answer: { kind: "done" } };
  const head = headOf(desk, payload, posting);
  if ("answer" in head) return head;
  if (payload.order === undefined || (posting.type !== "601" && posting.type !== "651")) {
    const inbound = posting.type === "101" ? inboundOf(payload) : undefined;
    const line = { ...head.line, ...inbound?.line };
    return { record: { ...head.record, ...inbound?.record, Lines: [line] } };
  }
  const { orderId, lineId } = payload.order;
  const known = orders.get(orderId);
  if (known === undefined) return { answer: missing(payload) };
  const line = known.lines.find(({ key, isFreight }) => key === lineId && !isFreight);
  if (line === undefined) {
    const reason = `${known.document} has no line of ours called ${lineId}.`;
    return { answer: { kind: "refused", code: "LINE_NOT_FOUND", reason } };
  }
  if (posting.type === "601") return { record: issueOf(payload, head, known.document, line.number) };
  return returnOf(desk, posting, head, { document: known.document, line: line.number }, time);
}

interface Head {
  record: Fields;
  line: Fields;
}

function headOf(desk: Desk, payload: MovementPayload, posting: Posting): Head | { answer: Answer } {
  const { settings } = desk;
  const refused = (code: string, reason: string) => ({ answer: { kind: "refused" as const, code, reason } });
  const plant = Object.hasOwn(settings.plants, payload.location)
    ? settings.plants[payload.location]
    : undefined;
  if (plant === undefined) return refused("PLANT_UNKNOWN", `${payload.location} is no plant of the ERP.`);
  const unit = nativeUnits(settings).get(payload.unit);
  if (unit === undefined) return refused("UNIT_UNKNOWN", `It does not count in ${payload.unit}.`);
  return {
    record: {
      MovementType: posting.type,
      PostingDate: dateIn(payload.occurredAt, settings.timeZone),
      Plant: plant,
      ExternalReference: payload.movementId,
      ...(posting.reason === undefined ? undefined : { ReasonCode: posting.reason }),
    },
    line: {
      ItemNumber: payload.sku,
      Quantity: exactNumber(posting.quantity),
      Unit: unit,
      StockType: posting.stock,
    },
  };
}

function issueOf(payload: MovementPayload, head: Head, document: string, line: string): Fields {
  const shipmentId = payload.order?.shipmentId;
  return {
    ...head.record,
    SalesOrder: document,
    ...(shipmentId === undefined ? undefined : { DeliveryNote: shipmentId }),
    Lines: [{ ...head.line, SalesOrderLine: exactNumber(line) }],
  };
}

/** A receipt against a purchase order; one without a line number of the ERP's is a receipt alone. */
function inboundOf({ inbound }: MovementPayload): { record: Fields; line: Fields } | undefined {
  if (inbound === undefined || !/^[1-9]\d{0,8}$/.test(inbound.line)) return undefined;
  return {
    record: { PurchaseOrder: inbound.document },
    line: { PurchaseOrderLine: exactNumber(inbound.line) },
  };
}

async function returnOf(
  desk: Desk,
  posting: Posting,
  head: Head,
  of: { document: string; line: string },
  time: TimeLeft,
): Promise<Step> {
  let parts: CitedPart[] | undefined;
  const answer = await answerOf(async () => {
    parts = await citeInvoices(desk.client, of.document, of.line, posting.quantity, time);
    return { kind: "busy", reason: `Line ${of.line} of ${of.document} is not invoiced yet.` };
  });
  if (parts === undefined) return { answer };
  const lines = parts.map(({ quantity, cites }) => ({
    ...head.line,
    Quantity: exactNumber(quantity),
    ...(cites === undefined ? undefined : { Invoice: cites.invoice, InvoiceLine: exactNumber(cites.line) }),
  }));
  return { record: { ...head.record, Lines: lines } };
}

async function postRecords(desk: Desk, records: Fields[], time: TimeLeft): Promise<Answer[]> {
  let outcome: CallOutcome;
  try {
    const body = { Records: records };
    outcome = await desk.client.write("POST", "GoodsMovements/$batch-create", body, time.next());
  } catch (error) {
    if (!(error instanceof ReadFailed)) throw error;
    const { answer } = error;
    return records.map(() => answer);
  }
  if (outcome instanceof CallFailed) {
    const answer = classifyFailure(outcome);
    return records.map(() => answer);
  }
  if (outcome.status !== 200) {
    const answer = desk.client.classify(outcome);
    return records.map(() => answer);
  }
  const results = resultsOf(outcome.body);
  return records.map((_, index) => {
    const result = results?.get(String(index));
    return result === undefined ? unreadable(outcome.status) : answerOfRow(result);
  });
}

/** By their index; undefined where the answer is cut. */
function resultsOf(body: string): Map<string, Fields> | undefined {
  try {
    const results = listOf(readFields(body, "answer"), "Results");
    return new Map(results.map((result) => [numberOf(result, "Index"), result]));
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

function answerOfRow(result: Fields): Answer {
  const status = numberOf(result, "Status");
  if (status === "201") return { kind: "done", reference: textOf(result, "DocumentNumber") };
  const error = fieldsOf(result.Error, "Error");
  const code = textOf(error, "code");
  const reason = `${code} ${String(error.message ?? "")}`;
  // The row is locked, or somebody credited the invoice line meanwhile: the next attempt looks again.
  if (status === "423" || status === "429" || code === "CREDIT_EXCEEDS_INVOICED")
    return { kind: "busy", reason };
  return status.startsWith("5") ? { kind: "ill", reason } : { kind: "refused", code, reason };
}

/** An order that we remember and the ERP no longer has. */
function withOrder(desk: Desk, payload: MovementPayload, answer: Answer): Answer {
  if (answer.kind !== "refused" || answer.code !== "ORDER_NOT_FOUND" || payload.order === undefined)
    return answer;
  desk.orders.forget(payload.order.orderId);
  return missing(payload);
}

function missing(payload: MovementPayload): Answer {
  const key = businessKey(payload.company, payload.order!.orderId);
  return { kind: "missing", references: [{ domain: "order", key }] };
}
