// What the shop says, as messages that are the same whether it pushed them or a list showed them: an order or a
// request never changes, and what the shop or we note about it later is left out.
import type { NativeMessage } from "../../../src/connector/index.ts";
import { canonicalJson } from "../../../src/core/json.ts";
import { type Fields, textOf, without } from "../native-fields.ts";

export type RequestTopic = "cancel-requests" | "return-requests";

const NOTES = ["acknowledged", "status", "statusHistory"];

export const orderMessage = (order: Fields): NativeMessage =>
  message("orders", textOf(order, "orderNo"), order);

export const requestMessage = (topic: RequestTopic, request: Fields): NativeMessage =>
  message(topic, textOf(request, "requestNo"), request);

/** A push that is read elsewhere; the same for every attempt of it. */
export const noticeMessage = (notice: Fields): NativeMessage =>
  message("notices", textOf(notice, "deliveryId"), notice);

function message(topic: string, id: string, fields: Fields): NativeMessage {
  return { topic, id, contentType: "application/json", body: canonicalJson(without(fields, NOTES)) };
}
