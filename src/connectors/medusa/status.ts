// Tells a buyer how his order stands, as Medusa has words for it: fulfilled, shipped with its tracking numbers,
// delivered, cancelled. The order is read before each step, so that a step is taken once whatever became of an answer.
import {
  type Answer,
  CallFailed,
  type CallLimits,
  CrossdockError,
  type OrderStatusPayload,
  type Writer,
} from "../../connector/index.ts";
import { answerOf, type MedusaClient, ReadFailed } from "./client.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import { nextStep, STATUS_FIELDS } from "./steps.ts";

/** Two a shipment beside its fulfilment; more is a step that does not take effect. */
const STEPS_MAX = 500;

export function statusWriter(client: MedusaClient, location: string): Writer {
  const read = async (reference: string, limits: CallLimits): Promise<Fields | undefined> => {
    const body = await client.get(
      `/orders/${encodeURIComponent(reference)}`,
      [["fields", STATUS_FIELDS]],
      limits,
    );
    return body === undefined ? undefined : fieldsOf(body.order, "order");
  };

  async function tell(payload: OrderStatusPayload, limits: CallLimits): Promise<Answer> {
    const { reference, orderId } = payload;
    let before = "";
    let refusal: Answer | undefined;
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const order = reference === "" ? undefined : await read(reference, limits);
      if (order === undefined)
        return refused("medusa.order-unknown", `Medusa has no order ${reference} for ${orderId}.`);
      const step = nextStep(order, payload, location);
      if (step === undefined) return { kind: "done", reference };
      if ("pending" in step) return { kind: "busy", reason: step.pending };
      if ("impossible" in step) return refused("medusa.impossible", step.impossible);
      const now = JSON.stringify(step);
      if (now === before) {
        return refusal ?? { kind: "unknown", reason: `${step.path} was answered and has not taken effect.` };
      }
      before = now;
      const outcome = await client.post(
        `/orders/${encodeURIComponent(reference)}${step.path}`,
        step.body,
        limits,
      );
      if (!(outcome instanceof CallFailed) && outcome.status === 200) continue;
      refusal = client.classify(outcome);
      // Refused may be what was done meanwhile by a call that was given up: that is seen when the order is read again.
      if (refusal.kind !== "refused") return refusal;
    }
    return { kind: "unknown", reason: `After ${STEPS_MAX} steps the order does not stand as told.` };
  }

  return {
    send: (messages, limits) =>
      Promise.all(
        messages.map(({ payload }) =>
          answerOf(() => reading(() => tell(payload as OrderStatusPayload, limits))),
        ),
      ),
    async find({ payload }, limits) {
      const told = payload as OrderStatusPayload;
      try {
        const order = told.reference === "" ? undefined : await read(told.reference, limits);
        // `send` says what is wrong with it.
        if (order === undefined) return { kind: "absent" };
        const step = nextStep(order, told, location);
        if (step === undefined) return { kind: "found", reference: told.reference };
        return "pending" in step ? { kind: "unknown", reason: step.pending } : { kind: "absent" };
      } catch (error) {
        if (error instanceof CrossdockError) return { kind: "unknown", reason: error.message };
        throw error;
      }
    },
  };
}

/** An order that does not look as Medusa's do. */
async function reading(steps: () => Promise<Answer>): Promise<Answer> {
  try {
    return await steps();
  } catch (error) {
    if (error instanceof ReadFailed || !(error instanceof CrossdockError)) throw error;
    return refused("medusa.unreadable", error.message);
  }
}

const refused = (code: string, reason: string): Answer => ({ kind: "refused", code, reason });
