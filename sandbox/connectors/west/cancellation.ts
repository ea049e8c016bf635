// Asks WEST to give an order back. WEST cancels an order as a whole and before it is picked, or not at all. A cancel that
// overtook its order would be lost, so it waits until WEST has the order.
import {
  type Answer,
  type CallLimits,
  type CancellationPayload,
  type ConnectorContext,
  CrossdockError,
  type Found,
  type MappedEvent,
  type OutboundMessage,
  type Time,
  type Writer,
} from "../../../src/connector/index.ts";
import type { Exchange, WestAnswer } from "./exchange.ts";
import { readCell, readReference } from "./reference.ts";
import { waitForAnswers } from "./wait.ts";

type Message = OutboundMessage<CancellationPayload>;

interface Order {
  number: string;
  ordinal: number;
  lines: { lineId: string; quantity: number }[];
  /** Whether WEST has answered that it has it. */
  isTaken: boolean;
}

export function cancellationWriter(exchange: Exchange, context: ConnectorContext): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map(async (message): Promise<Answer> => {
          try {
            return await cancel(exchange, context, message as Message, call);
          } catch (error) {
            if (!(error instanceof CrossdockError)) throw error;
            return { kind: "ill", reason: error.message };
          }
        }),
      ),
    async find(message): Promise<Found> {
      try {
        return await look(exchange, context, message as Message);
      } catch (error) {
        if (!(error instanceof CrossdockError)) throw error;
        return { kind: "unknown", reason: error.message };
      }
    },
  };
}

async function cancel(
  exchange: Exchange,
  context: ConnectorContext,
  message: Message,
  call: CallLimits,
): Promise<Answer> {
  const { wanted, rest, isKnown } = await plan(exchange, context, message);
  if (wanted.some(({ isTaken }) => !isTaken)) {
    return { kind: "busy", reason: "WEST has not taken the order yet that is to be cancelled." };
  }
  const answers: WestAnswer[] = [];
  const files = await exchange.files("CAN");
  for (const { number } of wanted) {
    const file = fileName(message, number);
    if (!files.has(file)) await exchange.put("CAN", file, [{ ORDER: number }]);
  }
  for (const { number } of wanted) {
    const file = fileName(message, number);
    const answer = firstOf(await waitForAnswers(exchange, file, [number], call));
    if (answer === undefined) return { kind: "unknown", reason: `WEST has not answered ${file} yet.` };
    answers.push(answer);
  }
  return { kind: "done", facts: facts(message, wanted, answers, rest, isKnown, context.now()) };
}

/** Asked for before, and answered: then it is done. */
async function look(exchange: Exchange, context: ConnectorContext, message: Message): Promise<Found> {
  const { wanted, rest, isKnown } = await plan(exchange, context, message);
  const files = await exchange.files("CAN");
  const sent = wanted.filter(({ number }) => files.has(fileName(message, number)));
  if (sent.length === 0) return { kind: "absent" };
  const answers = wanted.flatMap(({ number }) => {
    const all = exchange
      .answersTo(fileName(message, number))
      .map((answer) => [answer.order, answer] as const);
    return firstOf(new Map(all)) ?? [];
  });
  if (answers.length < sent.length)
    return { kind: "unknown", reason: "WEST has not answered the cancel yet." };
  if (sent.length < wanted.length) return { kind: "absent" };
  return { kind: "found", facts: facts(message, wanted, answers, rest, isKnown, context.now()) };
}

const firstOf = (answers: ReadonlyMap<string, WestAnswer>): WestAnswer | undefined =>
  [...answers.values()][0];

/** Orders that are asked for as a whole, the latest first, and the units of others. */
async function plan(exchange: Exchange, context: ConnectorContext, { payload }: Message) {
  await exchange.look();
  const company = payload.company === context.company ? "" : payload.company;
  const orders = await ordersOf(exchange, company, payload.orderId);
  const rest = new Map(payload.lines.map((line) => [line.lineId, Number(line.quantity)]));
  const wanted = orders.filter(({ lines }) => {
    if (!lines.every(({ lineId, quantity }) => quantity <= (rest.get(lineId) ?? 0))) return false;
    for (const { lineId, quantity } of lines) rest.set(lineId, rest.get(lineId)! - quantity);
    return true;
  });
  return { wanted, rest, isKnown: orders.length > 0 };
}

async function ordersOf(exchange: Exchange, company: string, orderId: string): Promise<Order[]> {
  const orders = new Map<string, Order>();
  for (const [file, place] of await exchange.files("ORD")) {
    if (place === "spoilt") continue;
    for (const [number, lines] of await exchange.content(file)) {
      const reference = readReference(number);
      if (reference.orderId !== orderId || reference.company !== company || reference.ordinal === 0) continue;
      const results = exchange.answersAbout("ORD", number).map(({ result }) => result);
      const isOld = place === "taken" && results.length === 0 && exchange.isLongAgo(file);
      const isTaken = results.includes("OK") || results.includes("DUP") || isOld;
      // Refused for good or for now, and not taken since: there is nothing to cancel.
      if (!isTaken && exchange.answersTo(file).some(({ order }) => order === number)) continue;
      const named = lines.map(({ lineId, quantity }) => ({ lineId: readCell(lineId), quantity }));
      orders.set(number, { number, ordinal: reference.ordinal, lines: named, isTaken });
    }
  }
  return [...orders.values()].sort((a, b) => b.ordinal - a.ordinal);
}

function facts(
  { payload }: Message,
  wanted: readonly Order[],
  answers: readonly WestAnswer[],
  rest: ReadonlyMap<string, number>,
  isKnown: boolean,
  now: Time,
): MappedEvent[] {
  const { company, orderId, location } = payload;
  const given = new Map<string, number>();
  const why = new Set<string>();
  let confirmedAt = "";
  for (const [index, answer] of answers.entries()) {
    // What WEST does not know, it does not ship.
    if (answer.result !== "OK" && answer.result !== "DUP" && answer.result !== "UNK") {
      why.add(`WEST: ${answer.result} ${answer.reason}`.trim());
      continue;
    }
    if (answer.at > confirmedAt) confirmedAt = answer.at;
    for (const { lineId, quantity } of wanted[index]!.lines) {
      given.set(lineId, (given.get(lineId) ?? 0) + quantity);
    }
  }
  // It comes after the release in its lane: WEST never took that, and ships nothing of it.
  if (!isKnown) for (const [lineId, quantity] of rest) given.set(lineId, quantity);
  if (why.size === 0) why.add("WEST cancels whole orders, and was asked for a part of one");
  const part = (unitsOf: (line: { lineId: string; quantity: string }) => number) =>
    payload.lines.flatMap((line) => {
      const quantity = unitsOf(line);
      return quantity <= 0 ? [] : [{ lineId: line.lineId, sku: line.sku, quantity: String(quantity) }];
    });
  const order = { company, orderId, location };
  const told: MappedEvent[] = [];
  const back = part(({ lineId }) => given.get(lineId) ?? 0);
  const kept = part(({ lineId, quantity }) => Number(quantity) - (given.get(lineId) ?? 0));
  if (back.length > 0) {
    const data = { ...order, lines: back, confirmedAt: confirmedAt || now };
    told.push({ type: "order.cancellation.confirmed", data });
  }
  if (kept.length > 0) {
    const data = { ...order, lines: kept, reason: [...why].join("; ") };
    told.push({ type: "order.cancellation.refused", data, time: now });
  }
  return told;
}

/** The same for every attempt, so that WEST is asked once. */
function fileName({ key, deliveryId }: Message, number: string): string {
  const safe = number.replace(/[^A-Za-z0-9-]/g, (sign) => `_${sign.charCodeAt(0).toString(16)}`);
  const asked = /#(\d+)$/.exec(key)?.[1] ?? deliveryId.replace(/[^A-Za-z0-9-]/g, "-");
  return `CAN_${safe.slice(0, 150)}_${asked}.csv`;
}
