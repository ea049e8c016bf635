// Brings a customer that an order names. The number is ours to give, so the same customer again is refused as known,
// which is as good as done; what the ERP says of a customer that it has is not touched: it owns them.
import {
  type Answer,
  CallFailed,
  type CustomerReferencePayload,
  classifyFailure,
  type Writer,
} from "../../../src/connector/index.ts";
import type { Desk } from "./booking.ts";
import { errorCode } from "./client.ts";

export function customerWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(messages.map(({ payload }) => create(desk, payload as CustomerReferencePayload, call))),
  };
}

async function create(
  desk: Desk,
  { id, name, country }: CustomerReferencePayload,
  call: { timeoutMs: number; signal: AbortSignal },
): Promise<Answer> {
  const customer = {
    CustomerNumber: id,
    Name: name === undefined || name.trim() === "" ? id : name,
    ...(country === undefined ? undefined : { CountryCode: country }),
  };
  const outcome = await desk.client.write("POST", "Customers", customer, call);
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  // The number is in the answer's status, whatever is left of its body.
  if (outcome.status === 201 || (outcome.status === 409 && errorCode(outcome) === "CUST_EXISTS")) {
    return { kind: "done", reference: id };
  }
  return desk.client.classify(outcome);
}
