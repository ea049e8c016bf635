// Orders that account managers key in Relata. Nothing is unique but the id. A draft is no order yet; a
// status set from outside changes last_modified_date, so it comes back with the next poll.

import {
  count,
  decimalNumber,
  type Fields,
  fieldsOf,
  flag,
  listOf,
  optionalText,
  text,
} from "../simulation/fields.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { Route } from "../simulation/router.ts";
import type { Crm } from "./crm.ts";
import { type CrmOrder, relataTime } from "./records.ts";

const PATH = "/services/data/orders";

function createOrder(crm: Crm, fields: Fields): CrmOrder {
  const account = text(fields, "account_id");
  if (!crm.accounts.rows.has(account)) {
    throw new Refusal(400, "INVALID_CROSS_REFERENCE_KEY", `account_id ${account} does not exist`);
  }
  const stage = optionalText(fields, "stage") ?? "activated";
  const now = relataTime(Date.now());
  const lines = readLines(crm, fields);
  const head = {
    account_id: account,
    stage: readStage(stage),
    customer_po: optionalText(fields, "customer_po") ?? null,
    external_reference: optionalText(fields, "external_reference") ?? null,
    ordered_at: optionalText(fields, "ordered_at") ?? now,
    currency_iso_code: optionalText(fields, "currency_iso_code") ?? "GBP",
    owner_name: optionalText(fields, "owner_name") ?? null,
  };
  crm.orderCount += 1;
  const order: CrmOrder = {
    id: crm.ids.next("801"),
    order_number: String(crm.orderCount).padStart(8, "0"),
    ...head,
    cancel_requested: false,
    cancel_reason: null,
    return_requests: [],
    fulfilment_status: null,
    fulfilment_detail: null,
    status_history: [],
    lines,
    created_date: now,
    last_modified_date: now,
    revision: 1,
  };
  crm.orders.add(order);
  return order;
}

function readStage(stage: string): CrmOrder["stage"] {
  if (stage === "draft" || stage === "activated") return stage;
  throw new Refusal(400, "INVALID_FIELD", "stage must be draft or activated");
}

function readLines(crm: Crm, fields: Fields): CrmOrder["lines"] {
  return listOf(fields, "lines").map((line) => ({
    id: crm.ids.next("802"),
    product_code: optionalText(line, "product_code") ?? "",
    description: optionalText(line, "description") ?? null,
    quantity: decimalNumber(line, "quantity"),
    unit_price: decimalNumber(line, "unit_price"),
  }));
}

/** What an account manager changes: a draft in everything, an activated order in its cancel request. */
function changeOrder(crm: Crm, order: CrmOrder, fields: Fields): void {
  if (fields.lines !== undefined) {
    if (order.stage !== "draft") {
      throw new Refusal(400, "FIELD_INTEGRITY_EXCEPTION", "The lines of an activated order are fixed");
    }
    order.lines = readLines(crm, fields);
  }
  if (fields.stage !== undefined) {
    const stage = readStage(text(fields, "stage"));
    if (stage === "draft" && order.stage === "activated") {
      throw new Refusal(400, "FIELD_INTEGRITY_EXCEPTION", "An activated order is no draft any more");
    }
    order.stage = stage;
  }
  order.customer_po = optionalText(fields, "customer_po") ?? order.customer_po;
  order.cancel_requested = flag(fields, "cancel_requested", order.cancel_requested);
  order.cancel_reason = optionalText(fields, "cancel_reason") ?? order.cancel_reason;
  crm.orders.touch(order);
}

function requestReturn(crm: Crm, order: CrmOrder, fields: Fields): string {
  const lines = listOf(fields, "lines").map((line) => {
    const lineId = text(line, "line_id");
    if (!order.lines.some((candidate) => candidate.id === lineId)) {
      throw new Refusal(400, "INVALID_CROSS_REFERENCE_KEY", `line_id ${lineId} is not of this order`);
    }
    return { line_id: lineId, quantity: count(line, "quantity") };
  });
  const id = crm.ids.next("500");
  order.return_requests.push({
    id,
    requested_at: relataTime(Date.now()),
    reason: optionalText(fields, "reason") ?? null,
    lines,
  });
  crm.orders.touch(order);
  return id;
}

/** Absolute: the same status twice leaves the same order, with one more line in its history. */
function setStatus(crm: Crm, order: CrmOrder, fields: Fields): void {
  const code = text(fields, "code");
  const detail = optionalText(fields, "detail") ?? null;
  order.fulfilment_status = code;
  order.fulfilment_detail = detail;
  order.status_history.push({ code, detail, set_at: relataTime(Date.now()) });
  crm.orders.touch(order);
}

export function orderRoutes(crm: Crm): Route[] {
  return [
    { method: "GET", path: PATH, handle: (request) => crm.orders.answer(request) },
    {
      method: "POST",
      path: PATH,
      handle: (request) => {
        const order = createOrder(crm, fieldsOf(request.json()));
        return { status: 201, body: { id: order.id, success: true, errors: [] } };
      },
    },
    {
      method: "GET",
      path: `${PATH}/:id`,
      handle: (request) => ({ status: 200, body: crm.orders.get(request.params.id as string) }),
    },
    {
      method: "PATCH",
      path: `${PATH}/:id`,
      handle: (request) => {
        changeOrder(crm, crm.orders.get(request.params.id as string), fieldsOf(request.json()));
        return { status: 204 };
      },
    },
    {
      method: "PATCH",
      path: `${PATH}/:id/status`,
      handle: (request) => {
        setStatus(crm, crm.orders.get(request.params.id as string), fieldsOf(request.json()));
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: `${PATH}/:id/returns`,
      handle: (request) => {
        const order = crm.orders.get(request.params.id as string);
        const id = requestReturn(crm, order, fieldsOf(request.json()));
        return { status: 201, body: { id, success: true, errors: [] } };
      },
    },
  ];
}
