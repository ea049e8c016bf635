// For tests: a way in, a projection and commands on a database of the test's own, without systems or leases, and
// what any state must hold to, read straight from the tables.
import { resolveIntegration } from "../../connector/resolve.ts";
import { http } from "../../connectors/http/index.ts";
import { PARTITIONS } from "../../core/crc32c.ts";
import { parseTime, type Time } from "../../core/time.ts";
import type { RecordedEvent } from "../../domains/event.ts";
import { defineIntegration, flow } from "../../policy/define.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { documentText } from "../../store/stock.ts";
import { Commands, type IdempotencyKey } from "../commands.ts";
import { Identities } from "../log/identities.ts";
import { canonicalEvent, type Envelope, incomingEvent, type Outcome } from "../log/incoming.ts";
import { Recorder } from "../log/recorder.ts";
import { Projector } from "./projector.ts";
import { rebuild } from "./rebuild.ts";
import { compileRules, type Rules } from "./rules.ts";
import type { Applied } from "./transaction.ts";

export const allPartitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);

type Input = Parameters<typeof defineIntegration>[0];

/** Three places, of which the partner's figures are net, an ERP without booking, a portal; nothing listens at their addresses. */
export function testIntegration(more: Partial<Input> = {}): Integration {
  const system = http({ url: "http://127.0.0.1:9/" });
  const declared = defineIntegration({
    systems: {
      east: system,
      west: system,
      partner: http({ url: "http://127.0.0.1:9/", figures: { quantity: "net" } }),
      erp: system,
      portal: http({
        url: "http://127.0.0.1:9/",
        messages: ["inventory.availability"],
        write: "absolute",
      }),
    },
    ownership: { inventory: { owner: { byLocation: { EAST: "east", WEST: "west", "3PL": "partner" } } } },
    flows: [flow("availability", "Availability").domain("inventory").to("portal")],
    allocation: { prefer: ["EAST", "WEST"], overflow: ["3PL"] },
    ...more,
  });
  return resolveIntegration(declared, {}).integration;
}

export interface HouseOptions {
  integration?: Integration;
  /** Of the projector; empty: it has none. */
  partitions?: readonly number[];
  epochMax?: number;
  /** Where the projector and the commands work; the way in keeps `db`. */
  applyThrough?: Database;
}

let ids = 0;

export class House {
  readonly db: Database;
  readonly rules: Rules;
  readonly identities: Identities;
  readonly recorder: Recorder;
  readonly commands: Commands;
  readonly failures: unknown[] = [];
  /** What follows from what is applied, from any part of the house. */
  readonly applied: Applied[] = [];
  projector: Projector;
  /** Events reach the projector in memory; otherwise it reads the log. */
  handsOver = true;
  private readonly partitions: readonly number[];
  private readonly through: Database;

  constructor(db: Database, options: HouseOptions = {}) {
    this.db = db;
    this.partitions = options.partitions ?? allPartitions;
    this.through = options.applyThrough ?? db;
    this.rules = compileRules(options.integration ?? testIntegration());
    this.identities = new Identities(db, options.epochMax);
    this.recorder = new Recorder({
      db,
      identities: this.identities,
      recorded: (events) => this.offer(events),
    });
    this.projector = this.newProjector();
    this.commands = new Commands({
      db: this.through,
      rules: this.rules,
      sinceDay: () => this.projector.sinceDay,
      applied: (result) => this.take(result),
    });
  }

  async start(): Promise<this> {
    await this.identities.refresh();
    if (this.partitions.length > 0) await this.projector.start();
    return this;
  }

  /** As a node that died and came back: a new projector begins where the last position was saved. */
  async restart(): Promise<void> {
    await this.projector.stop();
    this.projector = this.newProjector();
    await this.projector.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.recorder.drained(), this.commands.drained()]);
    if (this.partitions.length > 0) await this.projector.stop();
  }

  async settled(): Promise<void> {
    await this.recorder.drained();
    await this.projector.settled();
  }

  /** What systems say, in one call. */
  say(system: string, ...events: (Omit<Envelope, "id"> & { id?: string })[]): Promise<Outcome[]> {
    return this.recorder.record(
      events.map((event) => incomingEvent(system, "main", { id: `e${++ids}`, ...event })),
    );
  }

  /** What somebody asks and is answered; the body is the order's state. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into orders of every shape
  async command(type: string, data: object, idempotency?: IdempotencyKey): Promise<any> {
    const event = canonicalEvent("portal", "main", { type, data });
    const answer = await this.commands.submit(
      event,
      ({ order, before }) => ({
        status: before === null ? 201 : 200,
        body: order === null ? null : JSON.parse(documentText(order)),
      }),
      idempotency,
    );
    return answer;
  }

  submit(orderId: string, lines: [sku: string, quantity: number][], more: object = {}) {
    return this.command("order.submitted", submission(orderId, lines, more));
  }

  /** Holds stock for an order-to-be; lines are numbered as `submit` numbers them. */
  reserve(orderId: string, lines: [sku: string, quantity: number][], more: object = {}) {
    const asked = lines.map(([sku, quantity], index) => ({
      lineId: String(index + 1),
      sku,
      quantity: String(quantity),
    }));
    return this.command("order.reservation.requested", { orderId, lines: asked, ...more });
  }

  private newProjector(): Projector {
    return new Projector({
      db: this.through,
      rules: this.rules,
      partitions: this.partitions,
      applied: (result) => this.take(result),
      failed: (error) => this.failures.push(error),
    });
  }

  private offer(events: RecordedEvent[]): void {
    if (this.handsOver) this.projector.offer(events);
  }

  private take(result: Applied): void {
    this.applied.push(result);
    if (result.appended.length > 0) this.offer(result.appended);
  }
}

/** `10:30` of a day that is over. */
export const at = (time: string): Time => parseTime(`2026-11-20T${time.length === 5 ? `${time}:00` : time}Z`);

export const level = (
  sku: string,
  location: string,
  quantity: number,
  observedAt: Time,
  more: object = {},
) => ({
  type: "inventory.level.observed",
  data: { sku, location, quantity: String(quantity), observedAt, ...more },
});

export const moved = (
  movementId: string,
  sku: string,
  location: string,
  quantity: number,
  occurredAt: Time,
  more: object = {},
) => ({
  type: "inventory.movement.recorded",
  data: { movementId, sku, location, quantity: String(quantity), reason: "adjustment", occurredAt, ...more },
});

export const expected = (sku: string, document: string, quantity: number, dueAt: Time) => ({
  type: "inventory.inbound.expected",
  data: { sku, location: "EAST", document, line: "1", quantity: String(quantity), dueAt },
});

export const submission = (orderId: string, lines: [sku: string, quantity: number][], more: object = {}) => ({
  orderId,
  customer: { id: "C1" },
  currency: "GBP",
  placedAt: at("12:00"),
  lines: lines.map(([sku, quantity], index) => ({
    lineId: String(index + 1),
    sku,
    quantity: String(quantity),
    price: "1.25",
  })),
  ...more,
});

export async function onHand(db: Database, sku: string, location = "EAST"): Promise<number | undefined> {
  const { rows } = await db.query<{ on_hand: string }>(
    "select on_hand from stock_level where sku = $1 and location = $2 and status = 'available'",
    [sku, location],
  );
  return rows[0] === undefined ? undefined : Number(rows[0].on_hand);
}

export async function openProblems(db: Database, code?: string) {
  const { rows } = await db.query<{ code: string; key: string; detail: string; title: string }>(
    `select code, key, detail, title from exception where resolved_at is null and ($1::text is null or code = $1) order by key`,
    [code ?? null],
  );
  return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail) }));
}

/** Promises that hold whatever happened; empty where they do. */
export async function brokenPromises(db: Database): Promise<string[]> {
  const { rows: apart } = await db.query<{ sku: string; location: string; owed: string; rows: string }>(
    `with c as (select sku, location, coalesce(channel, '') as channel, sum(quantity) as owed from stock_commitment group by 1, 2, 3),
          r as (select sku, location, coalesce(channel, '') as channel, sum(quantity) as rows from reservation group by 1, 2, 3)
     select sku, location, coalesce(owed, 0) as owed, coalesce(r.rows, 0) as rows from c full join r using (sku, location, channel)
      where coalesce(owed, 0) <> coalesce(r.rows, 0)`,
  );
  const { rows: gaps } = await db.query<{ head: string; count: string; max: string; distinct: string }>(
    `select (select seq from log_head) as head, count(*) as count, coalesce(max(seq), 0) as max, count(distinct seq) as distinct from event`,
  );
  const log = gaps[0]!;
  const broken = apart.map(
    (row) => `${row.sku} at "${row.location}": committed ${row.owed}, reserved ${row.rows}`,
  );
  if (log.head !== log.count || log.head !== log.max || log.head !== log.distinct) {
    broken.push(
      `the log is not dense: head ${log.head}, ${log.count} events, ${log.distinct} seqs up to ${log.max}`,
    );
  }
  return broken;
}

/** Places that promised more than stands there. Facts can bring that about, decisions must not. */
export async function oversold(db: Database): Promise<string[]> {
  const { rows } = await db.query<{ place: string }>(
    `select r.sku || ' ' || r.location as place from reservation r
       left join (select sku, location, sum(on_hand) as on_hand from stock_level where status = 'available' group by 1, 2) l
         using (sku, location)
      where r.kind <> 'backorder' group by r.sku, r.location, l.on_hand having sum(r.quantity) > coalesce(l.on_hand, 0)`,
  );
  return rows.map((row) => row.place);
}

/** The differences between the stored state and the state that is rebuilt from the log; empty where there are none. */
export async function rebuiltDifferences(db: Database, rules: Rules): Promise<string[]> {
  const { set } = await rebuild(db, rules);
  const differences: string[] = [];
  const compare = (what: string, stored: string | undefined, rebuilt: string | undefined) => {
    if (stored !== rebuilt) differences.push(`${what}\n  stored  ${stored}\n  rebuilt ${rebuilt}`);
  };
  const items = await db.query<Record<string, string>>(
    "select company, sku, unit, ratios, levels, inbound, commitments from stock_item order by sku",
  );
  const storedItems = new Map(
    items.rows.map((row) => [
      row.sku!,
      sorted({
        unit: row.unit,
        ratios: JSON.parse(row.ratios!),
        levels: JSON.parse(row.levels!),
        inbound: JSON.parse(row.inbound!),
        commitments: JSON.parse(row.commitments!),
      }),
    ]),
  );
  const rebuiltItems = new Map(
    [...set.items.values()].map(({ item: { unit, ratios, levels, inbound, commitments }, id }) => [
      id,
      sorted(JSON.parse(documentText({ unit, ratios, levels, inbound, commitments }))),
    ]),
  );
  for (const sku of new Set([...storedItems.keys(), ...rebuiltItems.keys()]))
    compare(`item ${sku}`, storedItems.get(sku), rebuiltItems.get(sku));

  const orders = await db.query<Record<string, string>>("select order_id, state from sales_order");
  const storedOrders = new Map(orders.rows.map((row) => [row.order_id!, sorted(JSON.parse(row.state!))]));
  for (const slot of set.orders.values()) {
    if (slot.order === null) continue;
    compare(`order ${slot.id}`, storedOrders.get(slot.id), sorted(JSON.parse(documentText(slot.order))));
    storedOrders.delete(slot.id);
  }
  for (const orderId of storedOrders.keys()) differences.push(`order ${orderId} is not in the log`);

  const reservations = await db.query<Record<string, string>>(
    `select order_id, line_id, sku, location, trim_scale(quantity)::text as quantity, kind, made_at, expires_at, due_at,
            coalesce(channel, '') as channel, coalesce(netted, '[]') as netted from reservation`,
  );
  const rebuiltReservations = [...set.items.values()].flatMap((slot) =>
    slot.rows.reservations.map((r) => {
      const { quantity, netted } = JSON.parse(documentText({ quantity: r.quantity, netted: r.netted }));
      const times = `${r.madeAt} ${r.expiresAt ?? null} ${r.dueAt ?? null}`;
      return `${r.orderId}/${r.lineId} ${r.sku}@${r.location} ${quantity} ${r.kind} ${times} ${r.channel ?? ""} ${sorted(netted)}`;
    }),
  );
  compare(
    "reservations",
    reservations.rows
      .map((r) => {
        const times = `${r.made_at} ${r.expires_at} ${r.due_at}`;
        return `${r.order_id}/${r.line_id} ${r.sku}@${r.location} ${r.quantity} ${r.kind} ${times} ${r.channel} ${sorted(JSON.parse(r.netted!))}`;
      })
      .sort()
      .join("\n"),
    rebuiltReservations.sort().join("\n"),
  );
  return differences;
}

/** With sorted names: jsonb keeps its own order of them. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** A repeatable random source; the seed is printed where a test fails. */
export class Dice {
  readonly seed: number;
  private state: number;

  constructor(seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))) {
    this.seed = seed;
    this.state = seed;
  }

  /** 0 ≤ n < below. */
  upTo(below: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.upTo(values.length)]!;
  }
}

/** A database whose transactions fail at statements that `fails` chooses, as when the connection or the node dies. */
export function failingDatabase(db: Database, fails: () => boolean): Database {
  return {
    ...db,
    query: (statement, values) => db.query(statement, values),
    transaction: (run, options) =>
      db.transaction(async (tx) => {
        const result = await run({
          query: (statement, values) =>
            fails() ? Promise.reject(new Error("killed")) : tx.query(statement, values),
          finish: (ask) => ask(),
        });
        if (fails()) throw new Error("killed before the commit");
        return result;
      }, options),
  };
}
