// Tells Medusa what stands at the stock location that its channel sells from: absolute figures, many in one call.
// Medusa takes what its own orders have reserved from the figure by itself. Levels of SKUs are looked up once and
// remembered; a call that Medusa refuses as a whole is made again for each SKU, so that one bad SKU holds back no other.
import {
  type Answer,
  type AvailabilityPayload,
  CallFailed,
  type CallLimits,
  NumberText,
  type OutboundMessage,
  type Writer,
} from "../../connector/index.ts";
import { answerOf, type MedusaClient } from "./client.ts";
import { type Fields, listOf, listOr, textOf } from "./fields.ts";

export const FIGURES_MAX = 100;
/** Digits that the binary numbers of its JSON hold for sure. */
const DIGITS_MAX = 15;

interface Item {
  id: string;
  /** Whether it has a level at the location: that is updated, where there is none it is created. */
  hasLevel: boolean;
}
interface Figure {
  sku: string;
  quantity: NumberText;
}

export function availabilityWriter(client: MedusaClient, location: string): Writer {
  const items = new Map<string, Item>();

  /** Learns the items that are not known; what Medusa does not have stays unknown. */
  async function learn(skus: string[], limits: CallLimits): Promise<void> {
    const unknown = skus.filter((sku) => !items.has(sku));
    if (unknown.length === 0) return;
    const query = [
      ["fields", "id,sku,location_levels.location_id"],
      ["limit", String(unknown.length)],
      ...unknown.map((sku) => ["sku[]", sku] as const),
    ] as const;
    const page = await client.get("/inventory-items", query, limits);
    for (const item of listOf(page ?? {}, "inventory_items")) {
      const hasLevel = listOr(item, "location_levels").some((level) => level.location_id === location);
      items.set(textOf(item, "sku"), { id: textOf(item, "id"), hasLevel });
    }
  }

  async function write(figures: Figure[], limits: CallLimits): Promise<Answer> {
    const row = ({ sku, quantity }: Figure): Fields => ({
      inventory_item_id: items.get(sku)!.id,
      location_id: location,
      stocked_quantity: quantity,
    });
    const [update, create] = [true, false].map((there) =>
      figures.filter(({ sku }) => items.get(sku)!.hasLevel === there).map(row),
    );
    const outcome = await client.post("/inventory-items/location-levels/batch", { update, create }, limits);
    if (!(outcome instanceof CallFailed) && outcome.status === 200) {
      for (const { sku } of figures) items.get(sku)!.hasLevel = true;
      return { kind: "done" };
    }
    // What was believed of them may be wrong: somebody made or removed a level.
    for (const { sku } of figures) items.delete(sku);
    return client.classify(outcome);
  }

  /** With what is known; refused, once more with what is looked up; then each for itself. */
  async function tell(figures: Figure[], limits: CallLimits): Promise<Map<string, Answer>> {
    const answers = new Map<string, Answer>();
    const present = async () => {
      const skus = figures.map(({ sku }) => sku);
      await learn(skus, limits);
      for (const sku of skus) if (!items.has(sku)) answers.set(sku, unknownSku(sku));
      return figures.filter(({ sku }) => items.has(sku));
    };
    let left = await present();
    for (let turn = 0; turn < 2 && left.length > 0; turn++) {
      const answer = await write(left, limits);
      if (answer.kind !== "refused") {
        for (const { sku } of left) answers.set(sku, answer);
        return answers;
      }
      if (figures.length === 1) answers.set(left[0]!.sku, answer);
      left = await present();
    }
    if (figures.length === 1) return answers;
    for (const figure of left) {
      for (const [sku, answer] of await tell([figure], limits)) answers.set(sku, answer);
    }
    return answers;
  }

  return {
    async send(messages, limits) {
      const payloads = (messages as OutboundMessage<AvailabilityPayload>[]).map(({ payload }) => payload);
      const figures = payloads.flatMap(({ sku, quantity }) => {
        const shown = figureOf(quantity);
        return shown === undefined ? [] : [{ sku, quantity: shown }];
      });
      const answers = new Map<string, Answer>();
      const whole = await answerOf(async () => {
        for (const [sku, answer] of await tell(figures, limits)) answers.set(sku, answer);
        return { kind: "done" };
      });
      return payloads.map(({ sku, quantity }) => {
        if (figureOf(quantity) === undefined) return tooPrecise(sku, quantity);
        return (
          answers.get(sku) ??
          (whole.kind === "done" ? { kind: "unknown", reason: `Nothing was said of ${sku}.` } : whole)
        );
      });
    },
  };
}

/** Never below zero; undefined where its binary numbers cannot hold it. */
function figureOf(quantity: string): NumberText | undefined {
  if (quantity.startsWith("-")) return new NumberText("0");
  return quantity.replace(/\D/g, "").length > DIGITS_MAX ? undefined : new NumberText(quantity);
}

const tooPrecise = (sku: string, quantity: string): Answer => ({
  kind: "refused",
  code: "medusa.too-precise",
  reason: `${quantity} of ${sku} has more than ${DIGITS_MAX} digits, which Medusa would round.`,
});

const unknownSku = (sku: string): Answer => ({
  kind: "refused",
  code: "medusa.sku-unknown",
  reason: `Medusa has no inventory item with the SKU ${sku}.`,
});
