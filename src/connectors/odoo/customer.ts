// Creates the contact that an order names. Its reference is not unique in Odoo: it is looked up first, and where two
// creations met, the later one is archived.
import type { Answer, CustomerReferencePayload, OutboundMessage, Writer } from "../../connector/index.ts";
import type { Call, Desk } from "./client.ts";
import { findPartner } from "./directory.ts";
import { answerOf, foundOf, OdooFailed } from "./failure.ts";
import { idOf } from "./values.ts";

export function customerWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map((message) =>
          answerOf(() => make(desk, message as OutboundMessage<CustomerReferencePayload>, call)),
        ),
      ),
    find: (message, call) =>
      foundOf(async () => {
        const { id } = message.payload as CustomerReferencePayload;
        const found = await findPartner(desk, id, call);
        return found === undefined ? { kind: "absent" as const } : { kind: "found" as const, reference: id };
      }),
  };
}

async function make(
  desk: Desk,
  { payload }: OutboundMessage<CustomerReferencePayload>,
  call: Call,
): Promise<Answer> {
  const { client } = desk;
  const { id: ref, name, country } = payload;
  if ((await findPartner(desk, ref, call)) !== undefined) return { kind: "done", reference: ref };
  const [land] =
    country === undefined ? [] : await client.search("res.country", [["code", "=", country]], ["code"], call);
  const values = {
    ref,
    name: name ?? ref,
    customer_rank: 1,
    ...(land === undefined ? undefined : { country_id: idOf(land.id, "id") }),
  };
  const made = await client.create("res.partner", values, call);
  const [first] = await client.search("res.partner", [["ref", "=", ref]], ["ref"], call);
  if (first === undefined) throw new OdooFailed({ kind: "unknown", reason: "The contact is gone again." });
  if (idOf(first.id, "id") !== made) {
    await client.write("res.partner", [made], { active: false }, call);
    desk.context.log("warn", "A second contact was archived.", { ref, contact: made });
  }
  return { kind: "done", reference: ref };
}
