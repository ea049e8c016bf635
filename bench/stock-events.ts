// Stock events as the load sends them: each carries its own number as quantity, so that a target's value says
// which event it has seen.

const LOCATIONS = ["EAST", "WEST"];
let sent = 0;

export interface StockLoad {
  /** The newest value of each key that was handed out. */
  readonly expected: Map<string, number>;
  event(): string;
}

/** Keys in turn over `skus` × 2 locations. */
export function stockLoad(skus: number): StockLoad {
  const expected = new Map<string, number>();
  const run = Date.now().toString(36);
  let turn = 0;
  return {
    expected,
    event() {
      const sku = `SKU-${(turn % skus).toString().padStart(6, "0")}`;
      const location = LOCATIONS[Math.floor(turn / skus) % 2]!;
      turn += 1;
      sent += 1;
      expected.set(`stock:main/${sku}@${location}/available//`, sent);
      const at = new Date().toISOString();
      return `{"specversion":"1.0","id":"${run}-${sent}","source":"/load","type":"inventory.level.observed","time":"${at}","datacontenttype":"application/json","data":{"sku":"${sku}","location":"${location}","quantity":"${sent}","observedAt":"${at}","sequence":"${sent}"}}`;
    },
  };
}

export function batchOf(load: StockLoad, size: number): string {
  const events: string[] = [];
  for (let index = 0; index < size; index++) events.push(load.event());
  return `[${events.join(",")}]`;
}
