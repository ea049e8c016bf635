// Reads purchase orders as the full set of those that supply is open of: re-dating a move or deleting an order leaves
// no trace that could be asked for. What was open and is no longer is said once more, with nothing left.
import { type NativeMessage, NumberText, numberText, type Poll } from "../../connector/index.ts";
import { digest, latest } from "./change-feed.ts";
import type { TrytonClient } from "./client.ts";
import { message } from "./order-feed.ts";
import { picked } from "./sale-reading.ts";
import type { TrytonSettings } from "./settings.ts";
import { type Fields, fieldsOf, idOf, idsOf, listOf, textOf, timeOf } from "./values.ts";

/** By id, what was last said of an open purchase. */
type Cursor = Record<string, Said>;
interface Said {
  number: string;
  revision: string;
  state: string;
  /** What its lines supply, for when it is gone. */
  lines: Fields[];
  warehouse: Fields;
}

interface Read {
  id: number;
  /** Microseconds since 1970 of the newest change that is to be seen. */
  changed: bigint;
  purchase: Fields;
}

const ENOUGH = 500;

export function purchasesPoll(client: TrytonClient, settings: TrytonSettings): Poll {
  return {
    everyMs: settings.everyMs,
    async read(text, signal) {
      const said = (text === null ? {} : JSON.parse(text)) as Cursor;
      const open = await readPurchases(client, settings, signal);
      const next: Cursor = {};
      const messages: NativeMessage[] = [];
      for (const { id, changed, purchase } of open) {
        const held = said[id];
        const current = saidOf(purchase, held, changed);
        next[id] = current;
        if (held?.state !== current.state) messages.push(messageOf(current, held));
      }
      for (const [id, held] of Object.entries(said)) {
        if (next[id] !== undefined) continue;
        const gone = { ...held, lines: [], revision: String(BigInt(held.revision) + 1n), state: "" };
        messages.push(messageOf(gone, held));
      }
      return { messages, cursor: JSON.stringify(next), more: false };
    },
  };
}

function saidOf(purchase: Fields, held: Said | undefined, changed: bigint): Said {
  const lines = listOf(purchase.lines, "lines").map(plain);
  const warehouse = plain(fieldsOf(purchase["warehouse."], "warehouse"));
  const state = digest({ lines, warehouse });
  const number = textOf(purchase, "number");
  if (held?.state === state) return { number, revision: held.revision, state, lines, warehouse };
  const after = held === undefined ? 0n : BigInt(held.revision) + 1n;
  return { number, revision: String(changed > after ? changed : after), state, lines, warehouse };
}

/** Lines that are said no more follow as gone. */
function messageOf(current: Said, held: Said | undefined): NativeMessage {
  const ids = new Set(current.lines.map(({ id }) => id));
  const gone = (held?.lines ?? []).filter(({ id }) => !ids.has(id));
  const { number, revision, lines, warehouse } = current;
  const from = gone.length === 0 ? undefined : { gone, goneFrom: held!.warehouse };
  return message("purchase-orders", `${number}@${revision}`, { number, revision, lines, warehouse, ...from });
}

async function readPurchases(
  client: TrytonClient,
  { company }: TrytonSettings,
  signal: AbortSignal,
): Promise<Read[]> {
  const domain = [
    ["company", "=", company],
    ["state", "in", ["confirmed", "processing"]],
    ["warehouse", "!=", null],
  ];
  const found: Read[] = [];
  for (let after = 0; ; ) {
    const fields = ["number", "warehouse.code", "create_date", "write_date"];
    const page = [...domain, ["id", ">", after]];
    const purchases = await client.search("purchase.purchase", page, fields, { signal }, { limit: ENOUGH });
    found.push(...(await withLines(client, purchases, signal)));
    if (purchases.length < ENOUGH) return found;
    after = idOf(purchases.at(-1)!.id, "id");
  }
}

const LINE = [
  "purchase",
  "product.code",
  "product.type",
  "quantity",
  "unit.symbol",
  "delivery_date",
  "moves",
  "moves_recreated",
  "create_date",
  "write_date",
];
const MOVE = ["state", "quantity", "uom.symbol", "planned_date", "create_date", "write_date"];

async function withLines(client: TrytonClient, purchases: Fields[], signal: AbortSignal): Promise<Read[]> {
  if (purchases.length === 0) return [];
  const ids = purchases.map(({ id }) => idOf(id, "id"));
  const domain = [
    ["purchase", "in", ids],
    ["type", "=", "line"],
    ["product", "!=", null],
    ["product.type", "!=", "service"],
    ["quantity", ">", 0],
  ];
  const lines = await client.search("purchase.line", domain, LINE, { signal });
  const moves = await client.read(
    "stock.move",
    lines.flatMap((line) => idsOf(line.moves, "moves")),
    MOVE,
    { signal },
  );
  const byId = new Map<number, Fields>(moves.map((move) => [idOf(move.id, "id"), move]));
  return purchases.map((purchase) => {
    const id = idOf(purchase.id, "id");
    const own = lines.filter((line) => idOf(line.purchase, "purchase") === id);
    const taken = (line: Fields): Fields[] =>
      idsOf(line.moves, "moves")
        .map((move) => byId.get(move))
        .filter((move) => move !== undefined);
    const records: Fields[] = [purchase, ...own, ...own.flatMap(taken)];
    return {
      id,
      changed: microseconds(latest(records.map(changedAt))!),
      purchase: { ...purchase, lines: own.map((line) => lineOf(line, taken(line))) },
    };
  });
}

const changedAt = (record: Fields) => timeOf(record, "write_date") ?? timeOf(record, "create_date")!;

const microseconds = (time: string): bigint =>
  BigInt(Date.parse(`${time.slice(0, 19)}Z`)) * 1000n + BigInt(time.slice(20, 26));

function lineOf(line: Fields, moves: Fields[]): Fields {
  const recreated = new Set(idsOf(line.moves_recreated, "moves_recreated"));
  return {
    ...picked(line, ["id", "product.", "quantity", "unit.", "delivery_date"]),
    moves: moves
      .filter((move) => !recreated.has(idOf(move.id, "id")))
      .map((move) => picked(move, ["state", "quantity", "uom.", "planned_date"])),
  };
}

/** Numbers as texts, so that a cursor keeps their digits. */
function plain(value: Fields): Fields {
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plainValue(entry)]));
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  if (value instanceof NumberText) return numberText(value);
  return typeof value === "object" && value !== null ? plain(value as Fields) : value;
}
