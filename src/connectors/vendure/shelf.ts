// Vendure's stock on hand is what it was told last, and nothing else: a fulfilment or a cancellation there moves it as
// well, though the figure that was told has these units in it already. So what moves it is done by one at a time, and
// the figures are put back after it. What could not be put back is owed, and is put back by who comes next.
import type { Limits, VendureClient } from "./client.ts";
import { VendureFailed } from "./failure.ts";
import { type Fields, fieldsOf, listOf, textOf, wholeOf } from "./values.ts";

export interface StockLevel {
  variant: string;
  location: string;
  onHand: bigint;
}

export interface Shelf {
  /** One at a time: what writes stock, and what makes Vendure write it. */
  alone<Result>(act: () => Promise<Result>): Promise<Result>;
  /** Absolute; gives what stands afterwards. */
  set(levels: StockLevel[], limits: Limits): Promise<StockLevel[]>;
  /** For the moment: what is owed stays owed. */
  lift(levels: StockLevel[], limits: Limits): Promise<unknown>;
  /** Does what moves stock on hand, and puts these levels back, whatever came of it. */
  keeping<Result>(levels: StockLevel[], limits: Limits, act: () => Promise<Result>): Promise<Result>;
  /** What of these is still to be put back. */
  owed(levels: StockLevel[]): StockLevel[];
}

const UPDATE = `mutation ($input: [UpdateProductVariantInput!]!) {
  updateProductVariants(input: $input) { id stockLevels { stockLocationId stockOnHand } }
}`;

export function createShelf(client: VendureClient): Shelf {
  let last: Promise<unknown> = Promise.resolve();
  const debts = new Map<string, StockLevel>();
  const keyOf = ({ variant, location }: StockLevel) => `${variant}@${location}`;

  async function set(levels: StockLevel[], limits: Limits): Promise<StockLevel[]> {
    const data = await client.change(UPDATE, { input: inputOf(levels) }, limits);
    for (const level of levels) debts.delete(keyOf(level));
    return listOf(data, "updateProductVariants").flatMap(levelsOf);
  }

  return {
    alone(act) {
      const mine = last.then(act, act);
      last = mine.catch(() => undefined);
      return mine;
    },
    set,
    lift: (levels, limits) => client.change(UPDATE, { input: inputOf(levels) }, limits),
    async keeping(levels, limits, act) {
      if (levels.length === 0) return act();
      for (const level of levels) if (!debts.has(keyOf(level))) debts.set(keyOf(level), level);
      const back = () =>
        set(
          levels.map((level) => debts.get(keyOf(level)) ?? level),
          limits,
        );
      let result: Awaited<ReturnType<typeof act>>;
      try {
        result = await act();
      } catch (error) {
        // What act says counts; what is owed is put back by who comes next.
        await back().catch((second: unknown) => {
          if (!(second instanceof VendureFailed)) throw second;
        });
        throw error;
      }
      await back();
      return result;
    },
    owed: (levels) => levels.flatMap((level) => debts.get(keyOf(level)) ?? []),
  };
}

/** The levels of a variant that was answered. */
export function levelsOf(variant: Fields): StockLevel[] {
  const id = textOf(variant, "id");
  return listOf(variant, "stockLevels").map((level) => ({
    variant: id,
    location: textOf(level, "stockLocationId"),
    onHand: wholeOf(level, "stockOnHand"),
  }));
}

function inputOf(levels: StockLevel[]): Fields[] {
  const byVariant = Map.groupBy(levels, ({ variant }) => variant);
  return [...byVariant].map(([id, own]) => ({
    id,
    stockLevels: own.map(({ location, onHand }) => ({ stockLocationId: location, stockOnHand: onHand })),
  }));
}

/** Stock locations by their names, asked once. Throws VendureFailed where one is missing or there are two. */
export function createLocations(client: VendureClient, names: string[]) {
  let asked: Promise<Map<string, string>> | undefined;
  const query = `query ($options: StockLocationListOptions) {
    stockLocations(options: $options) { items { id name } }
  }`;
  async function ask(limits: Limits): Promise<Map<string, string>> {
    const options = { take: 100, filter: { name: { in: names } } };
    const data = await client.ask(query, { options }, limits);
    const items = listOf(fieldsOf(data.stockLocations, "stockLocations"), "items");
    return new Map(
      names.map((name) => {
        const found = items.filter((item) => textOf(item, "name") === name);
        if (found.length === 1) return [name, textOf(found[0]!, "id")];
        const reason = `Vendure has ${found.length} stock locations ${name} in this channel, and should have one.`;
        throw new VendureFailed({ kind: "denied", reason });
      }),
    );
  }
  return (limits: Limits): Promise<Map<string, string>> => {
    if (names.length === 0) return Promise.resolve(new Map());
    asked ??= ask(limits).catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}
