// How an order stands, made true in Vendure: what shipped becomes fulfilments with carrier and tracking, these are moved
// on to Shipped and Delivered, and what was cancelled is cancelled. Vendure has no idempotency key, so each pass reads
// the order first and does what it lacks; a fulfilment bears its shipments' numbers.
import {
  type Answer,
  type CallLimits,
  CrossdockError,
  type OrderStatusPayload,
  type Writer,
} from "../../connector/index.ts";
import { answerOf, refused, resultOf, VendureFailed } from "./failure.ts";
import { isNothing, type Plan, planOf, type ShopOrder } from "./plan.ts";
import { levelsOf, type StockLevel } from "./shelf.ts";
import type { StockDesk } from "./stock.ts";
import { type Fields, fieldsOf, listOf, textOf, textOr, wholeOf } from "./values.ts";

const ORDER = `query ($options: OrderListOptions) {
  orders(options: $options) { items {
    id code
    lines { id quantity orderPlacedQuantity productVariant { id stockLevels { stockLocationId stockOnHand } } }
    fulfillments { id state method createdAt lines { orderLineId quantity } }
  } }
}`;
const REFUSAL = "__typename ... on ErrorResult { errorCode message }";
const FULFIL = `mutation ($input: FulfillOrderInput!) {
  addFulfillmentToOrder(input: $input) { ${REFUSAL} ... on CreateFulfillmentError { fulfillmentHandlerError }
    ... on FulfillmentStateTransitionError { transitionError } }
}`;
const MOVE = `mutation ($id: ID!, $state: String!) {
  transitionFulfillmentToState(id: $id, state: $state) {
    ${REFUSAL} ... on FulfillmentStateTransitionError { transitionError } }
}`;
const CANCEL = `mutation ($input: CancelOrderInput!) {
  cancelOrder(input: $input) { ${REFUSAL} ... on OrderStateTransitionError { transitionError } }
}`;
const THRESHOLD = "query { globalSettings { outOfStockThreshold } }";
/** What one pass makes, the next one moves on. */
const PASSES_MAX = 5;

export function statusWriter(desk: StockDesk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map(({ payload }) => answerOf(() => tell(desk, payload as OrderStatusPayload, call))),
      ),
    async find({ payload }, call) {
      const told = payload as OrderStatusPayload;
      try {
        const order = await findOrder(desk, told.orderId, call);
        const lacks =
          order === undefined || !isNothing(planOf(order, told)) || (await owedOf(desk, order, call));
        return lacks ? { kind: "absent" } : { kind: "found", reference: told.orderId };
      } catch (error) {
        // What would be refused is not there.
        if (error instanceof VendureFailed && error.refusal !== undefined) return { kind: "absent" };
        if (error instanceof VendureFailed) return { kind: "unknown", reason: error.answer.reason };
        throw error;
      }
    },
  };
}

async function tell(desk: StockDesk, payload: OrderStatusPayload, call: CallLimits): Promise<Answer> {
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const order = await findOrder(desk, payload.orderId, call);
    if (order === undefined)
      return refused("order-unknown", `Vendure has no placed order ${payload.orderId} in this channel.`);
    const plan = planOf(order, payload);
    const owed = await owedOf(desk, order, call);
    if (isNothing(plan) && !owed) return { kind: "done", reference: payload.orderId };
    await desk.shelf.alone(() => carryOut(desk, payload, call));
  }
  return { kind: "busy", reason: `The order ${payload.orderId} changes while it is told how it stands.` };
}

/** Alone with the stock: the order is read again, for it may have been served meanwhile. */
async function carryOut(desk: StockDesk, payload: OrderStatusPayload, call: CallLimits): Promise<void> {
  const order = await findOrder(desk, payload.orderId, call);
  if (order === undefined) return;
  const plan = planOf(order, payload);
  const levels = await toldLevels(desk, order, call);
  if (movesStock(plan) || desk.shelf.owed(levels).length > 0)
    await desk.shelf.keeping(levels, call, () => moveStock(desk, order, plan, levels, call));
  for (const { fulfilment, to } of plan.move.filter((one) => one.to !== "Cancelled"))
    await transition(desk, fulfilment, to, call);
}

const movesStock = ({ fulfil, cancel, move }: Plan): boolean =>
  fulfil !== undefined || cancel.length > 0 || move.some(({ to }) => to === "Cancelled");

async function moveStock(
  desk: StockDesk,
  order: ShopOrder,
  plan: Plan,
  levels: StockLevel[],
  call: CallLimits,
): Promise<void> {
  for (const { fulfilment, to } of plan.move)
    if (to === "Cancelled") await transition(desk, fulfilment, to, call);
  if (plan.fulfil !== undefined) await fulfil(desk, plan.fulfil, levels, call);
  if (plan.cancel.length === 0) return;
  // Of an order that ends here, its shipping too.
  const gone = new Map(plan.cancel.map(({ line, quantity }) => [line, quantity]));
  const cancelShipping = order.lines.every(({ id, quantity }) => quantity === (gone.get(id) ?? 0n));
  const input = { orderId: order.id, lines: plan.cancel.map(lineInput), reason: "Cancelled", cancelShipping };
  resultOf(await desk.client.change(CANCEL, { input }, call), "cancelOrder");
}

/** What has shipped may be more than is still told to be on hand: the figure is lifted for the moment. */
async function fulfil(
  desk: StockDesk,
  { lines, method, tracking }: NonNullable<Plan["fulfil"]>,
  levels: StockLevel[],
  call: CallLimits,
): Promise<void> {
  const handler = {
    code: desk.settings.fulfilmentHandler,
    arguments: [
      { name: "method", value: method },
      { name: "trackingCode", value: tracking },
    ],
  };
  const input = { lines: lines.map(lineInput), handler };
  const once = async () =>
    resultOf(await desk.client.change(FULFIL, { input }, call), "addFulfillmentToOrder");
  try {
    await once();
  } catch (error) {
    const isShort = error instanceof VendureFailed && error.refusal?.startsWith("vendure.insufficient-stock");
    if (!isShort || levels.length === 0) throw error;
    const settings = fieldsOf((await desk.client.ask(THRESHOLD, {}, call)).globalSettings, "globalSettings");
    const threshold = wholeOf(settings, "outOfStockThreshold");
    const more = lines.reduce((sum, { quantity }) => sum + quantity, threshold > 0n ? threshold : 0n);
    await desk.shelf.lift(
      levels.map((level) => ({ ...level, onHand: level.onHand + more })),
      call,
    );
    await once();
  }
}

const lineInput = ({ line, quantity }: { line: string; quantity: bigint }): Fields => ({
  orderLineId: line,
  quantity,
});

async function transition(desk: StockDesk, id: string, state: string, call: CallLimits): Promise<void> {
  resultOf(await desk.client.change(MOVE, { id, state }, call), "transitionFulfillmentToState");
}

/** Levels of the order's variants where stock is told. */
async function toldLevels(desk: StockDesk, order: ShopOrder, call: CallLimits): Promise<StockLevel[]> {
  const told = new Set((await desk.locations(call)).values());
  const levels = order.lines.flatMap((line) => line.levels).filter(({ location }) => told.has(location));
  return [...new Map(levels.map((level) => [`${level.variant}@${level.location}`, level])).values()];
}

const owedOf = async (desk: StockDesk, order: ShopOrder, call: CallLimits): Promise<boolean> =>
  desk.shelf.owed(await toldLevels(desk, order, call)).length > 0;

async function findOrder(desk: StockDesk, code: string, call: CallLimits): Promise<ShopOrder | undefined> {
  const options = { take: 1, filter: { code: { eq: code }, orderPlacedAt: { isNull: false } } };
  const data = await desk.client.ask(ORDER, { options }, call);
  try {
    const [order] = listOf(fieldsOf(data.orders, "orders"), "items");
    return order === undefined ? undefined : orderOf(order);
  } catch (error) {
    if (!(error instanceof CrossdockError) || error.code !== "native.unexpected") throw error;
    throw new VendureFailed({ kind: "ill", reason: `The order ${code} cannot be read: ${error.message}` });
  }
}

function orderOf(order: Fields): ShopOrder {
  return {
    id: textOf(order, "id"),
    code: textOf(order, "code"),
    lines: listOf(order, "lines").map((line) => ({
      id: textOf(line, "id"),
      quantity: wholeOf(line, "quantity"),
      placed: wholeOf(line, "orderPlacedQuantity"),
      levels: levelsOf(fieldsOf(line.productVariant, "productVariant")),
    })),
    fulfilments: listOf({ fulfillments: order.fulfillments ?? [] }, "fulfillments").map((one) => ({
      id: textOf(one, "id"),
      state: textOf(one, "state"),
      method: textOr(one, "method") ?? "",
      createdAt: textOf(one, "createdAt"),
      units: new Map(
        listOf(one, "lines").map((line) => [textOf(line, "orderLineId"), wholeOf(line, "quantity")]),
      ),
    })),
  };
}
