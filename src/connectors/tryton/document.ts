// Documents that we make in Tryton: each bears our own number as its reference, is looked up by it before it is
// created, and is taken through its states, each of which is read back.
import type { Desk } from "./booking.ts";
import type { Limits } from "./client.ts";
import { refused, TrytonFailed } from "./failure.ts";
import { type Fields, idOf, textOf } from "./values.ts";

export interface Document {
  model: string;
  reference: string;
}

const FIELDS = ["number", "state", "reference"];

/** The first of ours with this reference that counts. */
export async function findDocument(
  { client, settings }: Desk,
  { model, reference }: Document,
  limits: Limits,
): Promise<Fields | undefined> {
  const domain = [
    ["reference", "=", reference],
    ["create_uid", "=", await client.uid(limits)],
    ["company", "=", settings.company],
  ];
  const [first] = await client.search(model, domain, FIELDS, limits);
  return first;
}

/** A create whose answer was lost may have ended after we looked: the later one goes. */
export async function createDocument(
  desk: Desk,
  document: Document,
  values: Fields,
  call: Limits,
): Promise<Fields> {
  const { company } = desk.settings;
  const { model, reference } = document;
  const id = await desk.client.create(model, { ...values, company, reference }, call);
  const first = await findDocument(desk, document, call);
  if (first === undefined) throw new TrytonFailed({ kind: "unknown", reason: `${reference} is gone again.` });
  if (idOf(first.id, "id") !== id) {
    await desk.client.run(model, "delete", [[id]], call);
    desk.context.log("warn", "A second draft of a document was deleted.", { model, reference });
  }
  return first;
}

/** From state to state until none follows; `next` names the method that leaves one. */
export async function advance(
  desk: Desk,
  { model, reference }: Document,
  document: Fields,
  next: Readonly<Record<string, string>>,
  call: Limits,
): Promise<Fields> {
  const id = idOf(document.id, "id");
  let at = document;
  for (;;) {
    const state = textOf(at, "state");
    const method = next[state];
    if (method === undefined) return at;
    if (method === "assign_try") await assign(desk, model, id, reference, call);
    else await desk.client.run(model, method, [[id]], call);
    // A transition that was not possible says nothing.
    at = (await desk.client.read(model, [id], FIELDS, call))[0]!;
    if (textOf(at, "state") === state)
      throw new TrytonFailed(refused("tryton.stuck", `${reference} stays in the state ${state}.`));
  }
}

/** Tryton would pick what it has not got: whether all of it could be assigned is for us to heed. */
async function assign(
  { client }: Desk,
  model: string,
  id: number,
  reference: string,
  call: Limits,
): Promise<void> {
  if ((await client.run(model, "assign_try", [[id]], call)) === true) return;
  // What it could assign is split off into moves of its own: given back, the moves are whole again.
  await client.run(model, "wait", [[id]], call);
  const why = `Tryton has less on hand than ${reference} moves: correct its stock and send it again.`;
  throw new TrytonFailed(refused("tryton.short", why));
}
