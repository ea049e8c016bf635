// What may be sold, or what stands at a place, as stock on hand: absolute, many variants in a call. A call with one
// variant that Vendure refuses changes none: its rows are then told one by one.
import type {
  Answer,
  AvailabilityPayload,
  CallLimits,
  Failure,
  LevelPayload,
  OutboundMessage,
  Writer,
} from "../../connector/index.ts";
import type { VendureClient } from "./client.ts";
import { answerOf, refused, VendureFailed } from "./failure.ts";
import type { VendureSettings } from "./settings.ts";
import type { Shelf, StockLevel } from "./shelf.ts";
import { fieldsOf, listOf, textOf } from "./values.ts";

export const ROWS_MAX = 200;

export interface StockDesk {
  client: VendureClient;
  settings: VendureSettings;
  shelf: Shelf;
  locations: (limits: Partial<CallLimits>) => Promise<Map<string, string>>;
}

/** What a message says of a stock location, by its name. */
interface Figure {
  sku: string;
  at: string;
  onHand: bigint;
}
const ON_HAND_MAX = 2_147_483_647n;

export const availabilityWriter = (desk: StockDesk): Writer =>
  writerOf(desk, ({ payload }) => {
    const { sku, quantity } = payload as AvailabilityPayload;
    return figure(sku, desk.settings.availabilityAt!, quantity);
  });

export const levelWriter = (desk: StockDesk): Writer =>
  writerOf(desk, ({ payload }) => {
    const { sku, location, status, owner, lot, quantity } = payload as LevelPayload;
    // What is held or damaged is not for sale, and Vendure has no word for it.
    if (status !== "available") return { kind: "done" };
    if (owner !== "" || lot !== "")
      return refused(
        "stock-divided",
        `Vendure keeps no stock by owner or lot, as ${location} has of ${sku}.`,
      );
    const at = Object.hasOwn(desk.settings.locations!, location)
      ? desk.settings.locations![location]
      : undefined;
    if (at === undefined)
      return refused("location-unknown", `The setting locations does not name ${location}.`);
    return figure(sku, at, quantity);
  });

/** Whole pieces, and never less than none. */
function figure(sku: string, at: string, quantity: string): Figure | Answer {
  const onHand = quantity.startsWith("-") ? 0n : BigInt(quantity.split(".")[0]!);
  if (onHand <= ON_HAND_MAX) return { sku, at, onHand };
  return refused("too-many", `${quantity} of ${sku} is more than the ${ON_HAND_MAX} that Vendure can count.`);
}

function writerOf(desk: StockDesk, figureOf: (message: OutboundMessage) => Figure | Answer): Writer {
  return {
    async send(messages, call) {
      const answers: Answer[] = [];
      const figures = messages.map(figureOf);
      const told = figures.filter((one) => "sku" in one);
      const said = told.length === 0 ? [] : await desk.shelf.alone(() => tell(desk, told, call));
      for (const one of figures) answers.push("sku" in one ? said[told.indexOf(one)]! : one);
      return answers;
    },
  };
}

async function tell(desk: StockDesk, figures: Figure[], call: CallLimits): Promise<Answer[]> {
  try {
    const places = await desk.locations(call);
    const variants = await findVariants(desk, figures, call);
    const levels = figures.map(({ sku, at, onHand }): StockLevel | Failure => {
      const [id, second] = variants.get(sku) ?? [];
      if (id === undefined) return refused("variant-unknown", `Vendure has no variant with the SKU ${sku}.`);
      if (second !== undefined)
        return refused("variant-ambiguous", `Vendure has several variants with the SKU ${sku}.`);
      return { variant: id, location: places.get(at)!, onHand };
    });
    return await setAll(desk, levels, call);
  } catch (error) {
    if (!(error instanceof VendureFailed)) throw error;
    return figures.map(() => error.answer);
  }
}

async function setAll(
  desk: StockDesk,
  levels: (StockLevel | Failure)[],
  call: CallLimits,
): Promise<Answer[]> {
  const good = levels.filter((level) => "variant" in level);
  const one = async (level: StockLevel) => judge(level, await desk.shelf.set([level], call));
  try {
    const stands = good.length === 0 ? [] : await desk.shelf.set(good, call);
    return levels.map((level) => ("variant" in level ? judge(level, stands) : level));
  } catch (error) {
    if (!(error instanceof VendureFailed) || error.refusal === undefined || good.length === 1) throw error;
  }
  const answers: Answer[] = [];
  for (const level of levels) answers.push("variant" in level ? await answerOf(() => one(level)) : level);
  return answers;
}

/** Somebody else may have moved it meanwhile: it is told again. */
function judge({ variant, location, onHand }: StockLevel, stands: StockLevel[]): Answer {
  const found = stands.find((level) => level.variant === variant && level.location === location);
  if (found?.onHand === onHand) return { kind: "done" };
  return {
    kind: "unknown",
    reason: `Vendure shows ${found?.onHand ?? "nothing"} where it was told ${onHand}.`,
  };
}

const VARIANTS = `query ($options: ProductVariantListOptions) {
  productVariants(options: $options) { items { id sku } }
}`;

/** SKU → ids. Compared exactly: some databases find words without regard to their case. */
async function findVariants(
  { client }: StockDesk,
  figures: Figure[],
  call: CallLimits,
): Promise<Map<string, string[]>> {
  const skus = [...new Set(figures.map(({ sku }) => sku))];
  const options = { take: 1_000, filter: { sku: { in: skus } } };
  const data = await client.ask(VARIANTS, { options }, call);
  const found = new Map<string, string[]>();
  for (const item of listOf(fieldsOf(data.productVariants, "productVariants"), "items")) {
    const sku = textOf(item, "sku");
    found.set(sku, [...(found.get(sku) ?? []), textOf(item, "id")]);
  }
  return found;
}
