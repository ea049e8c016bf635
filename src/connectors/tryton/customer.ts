// Brings a customer that an order names, under the code that is ours to give. What Tryton says of a party that it has
// is not touched: it owns them.
import type { Answer, CustomerReferencePayload, Writer } from "../../connector/index.ts";
import type { Desk } from "./booking.ts";
import type { Limits } from "./client.ts";
import { findParty } from "./directory.ts";
import { answerOf, TrytonFailed } from "./failure.ts";
import { idOf } from "./values.ts";

export function customerWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map(({ payload }) => answerOf(() => bring(desk, payload as CustomerReferencePayload, call))),
      ),
    async find(message, call) {
      const { id } = message.payload as CustomerReferencePayload;
      try {
        const party = await findParty(desk.client, id, call);
        return party === undefined ? { kind: "absent" } : { kind: "found", reference: id };
      } catch (error) {
        if (error instanceof TrytonFailed) return { kind: "unknown", reason: error.answer.reason };
        throw error;
      }
    },
  };
}

/** Two parties cannot have one code: a second create is refused by Tryton itself. */
async function bring(
  { client }: Desk,
  { id, name, country }: CustomerReferencePayload,
  call: Limits,
): Promise<Answer> {
  if ((await findParty(client, id, call)) !== undefined) return { kind: "done", reference: id };
  const [known] =
    country === undefined
      ? []
      : await client.search("country.country", [["code", "=", country]], ["code"], call, { limit: 1 });
  const address = known === undefined ? {} : { country: idOf(known.id, "id") };
  const values = {
    code: id,
    name: name === undefined || name.trim() === "" ? id : name,
    addresses: [["create", [address]]],
  };
  try {
    await client.create("party.party", values, call);
  } catch (error) {
    if (!(error instanceof TrytonFailed) || error.answer.kind !== "refused") throw error;
    if ((await findParty(client, id, call)) === undefined) throw error;
  }
  return { kind: "done", reference: id };
}
