// Writing into staging tables of real servers: all or none, a repeat is recognised, and a lost commit is looked up.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Answer, BookingPayload, OutboundMessage } from "../../connector/index.ts";
import { startWire, type TestedServer, type Wire } from "./testing.ts";
import { onEachServer } from "./testing-each.ts";
import type { Input, Opened } from "./testing-session.ts";

const call = { timeoutMs: 5_000, signal: new AbortController().signal };

onEachServer((on) => {
  const { isMySql } = on;
  let wire: Wire;
  beforeAll(async () => {
    wire = await startWire(on.server.access);
  });
  afterAll(() => wire?.close());
  beforeEach(() =>
    on.server.run(
      "drop table if exists so_lines",
      "drop table if exists so",
      "drop table if exists stock_out",
      `create table so (k varchar(100) not null unique, order_no varchar(12) not null, buyer varchar(20),
         total decimal(12,2), placed ${isMySql ? "datetime(6)" : "timestamp"}, other varchar(20) unique, body text)`,
      `create table so_lines (k varchar(100) not null references so (k), n int not null, sku varchar(20),
         qty decimal(12,3) check (qty < 1000), primary key (k, n))`,
      "create table stock_out (k varchar(100) primary key, sku varchar(20), qty decimal(12,3))",
    ),
  );

  const staging: Input["staging"] = {
    "order.booking": {
      table: "so",
      key: "k",
      write: "keyed",
      columns: {
        order_no: { field: "orderId" },
        buyer: { field: "customer.id" },
        placed: { field: "placedAt", kind: "local-time" },
        other: { field: "purchaseOrder" },
        body: { message: "payload", kind: "json" },
      },
      lines: {
        each: "lines",
        table: "so_lines",
        key: "k",
        columns: {
          n: { line: "number", kind: "integer" },
          sku: { field: "sku" },
          qty: { field: "quantity", kind: "decimal" },
        },
      },
    },
    "inventory.availability": {
      table: "stock_out",
      key: "k",
      write: "absolute",
      columns: { sku: { field: "sku" }, qty: { field: "quantity", kind: "decimal" } },
    },
  };
  const openWith = (input: Input = {}, access?: Partial<TestedServer["access"]>): Opened =>
    on.openWith({ staging, ...input }, access);
  const throughWire = () => openWith({}, { host: "127.0.0.1", port: wire.port });
  const booking = (orderId: string, more: Partial<BookingPayload> = {}): OutboundMessage => ({
    deliveryId: `d-${orderId}`,
    type: "order.booking",
    key: `order:main/${orderId}`,
    attempt: 1,
    payload: {
      company: "main",
      orderId,
      customer: { id: "C1" },
      purchaseOrder: `PO-${orderId}`,
      placedAt: "2026-07-01T06:00:00.000000Z",
      lines: [{ lineId: "1", sku: "A", quantity: "1.5" }],
      ...more,
    },
  });
  const lines = (quantity: string) => [{ lineId: "1", sku: "A", quantity }] as BookingPayload["lines"];
  const send = (session: Opened, ...messages: OutboundMessage[]): Promise<Answer[]> =>
    session.writers["order.booking"]!.send(messages, call);
  const orders = async () =>
    (await on.server.run("select order_no from so order by order_no")).map(([no]) => no);
  const kinds = (answers: Answer[]) => answers.map(({ kind }) => kind);

  test("header and lines are written together, exactly", async () => {
    expect(await send(openWith(), booking("1"), booking("2"))).toEqual([{ kind: "done" }, { kind: "done" }]);
    const [row] = await on.server.run(
      `select so.k, order_no, buyer, ${isMySql ? "cast(placed as char)" : "placed::text"}, n, sku, ${isMySql ? "cast(qty as char)" : "qty::text"}
         from so join so_lines l on l.k = so.k where order_no = '1'`,
    );
    const placed = isMySql ? "2026-07-01 08:00:00.000000" : "2026-07-01 08:00:00";
    expect(row).toEqual(["order:main/1", "1", "C1", placed, 1, "A", "1.500"]);
    const [[body]] = (await on.server.run("select body from so where order_no = '2'")) as [[string]];
    expect(JSON.parse(body)).toEqual(booking("2").payload);
  });

  test("a repeat is recognised by the key and changes nothing", async () => {
    const session = openWith();
    await send(session, booking("1"));
    expect(await send(session, booking("1", { purchaseOrder: "another" }), booking("2"))).toEqual([
      { kind: "done" },
      { kind: "done" },
    ]);
    expect(await orders()).toEqual(["1", "2"]);
    expect(await on.server.run("select other from so where order_no = '1'")).toEqual([["PO-1"]]);
    expect(await on.server.run("select k from so_lines where k = 'order:main/1'")).toHaveLength(1);
  });

  test("another unique value that is there is a refusal, and nothing of the call is written", async () => {
    const session = openWith();
    await send(session, booking("1"));
    const answers = await send(session, booking("2"), booking("3", { purchaseOrder: "PO-1" }), booking("4"));
    expect(kinds(answers)).toEqual(["busy", "refused", "busy"]);
    expect(answers[1]).toMatchObject({ reason: expect.stringContaining("Another unique value") });
    expect(await orders()).toEqual(["1"]);
  });

  test.each([
    [
      "a figure that would be rounded",
      { lines: lines("1.0005") },
      /column qty: 1\.0005 has more than 3 fraction digits/,
    ],
    ["a text that would be cut", { customer: { id: "x".repeat(21) } }, /column buyer: .* longer than 20/],
    ["a rule of the table", { lines: lines("1000") }, /qty/],
    ["a time that is none", { placedAt: "soon" as never }, /column placed: "soon" is no local-time/],
    ["nothing where something must be", { orderId: null as never }, /order_no/],
  ])("%s is refused by its column", async (_name, more, reason) => {
    const session = openWith();
    const answers = await send(session, booking("1"), { ...booking("2", more), key: "order:main/2" });
    expect(kinds(answers)).toEqual(["busy", "refused"]);
    expect((answers[1] as { reason: string }).reason).toMatch(reason);
    expect(await orders()).toEqual([]);
  });

  test("an absolute write replaces", async () => {
    const session = openWith();
    const level = (quantity: string): OutboundMessage => ({
      deliveryId: quantity,
      type: "inventory.availability",
      key: "stock:main/A",
      attempt: 1,
      payload: { company: "main", sku: "A", unit: "EA", quantity, asOf: "" },
    });
    const writer = session.writers["inventory.availability"]!;
    for (const quantity of ["5", "7", "7", "5"]) {
      expect(await writer.send([level(quantity)], call)).toEqual([{ kind: "done" }]);
    }
    expect(await on.server.run("select sku, qty from stock_out")).toEqual([["A", "5.000"]]);
  });

  test("a lock that is held is busy, and nothing is left", async () => {
    const session = openWith({ statementTimeoutMs: 1_000 });
    await send(session, booking("1"));
    const holder = await on.server.session();
    await holder.run("start transaction");
    await holder.run("insert into so (k, order_no) values ('order:main/2', 'x')");
    expect(kinds(await send(session, booking("2")))).toEqual(["busy"]);
    await holder.run("rollback");
    await holder.end();
    expect(kinds(await send(session, booking("2")))).toEqual(["done"]);
  });

  test("a call that takes longer than it may is rolled back and busy", async () => {
    const session = openWith();
    await send(session, booking("1"));
    const holder = await on.server.session();
    await holder.run("start transaction");
    await holder.run("insert into so (k, order_no) values ('order:main/2', 'x')");
    const answers = await session.writers["order.booking"]!.send([booking("2")], { ...call, timeoutMs: 300 });
    expect(answers).toEqual([{ kind: "busy", reason: expect.stringContaining("300 ms") }]);
    await holder.run("rollback");
    await holder.end();
    expect(await orders()).toEqual(["1"]);
  });

  test("the answer to a commit is lost: the key is looked up and found", async () => {
    const session = throughWire();
    await send(session, booking("1"));
    wire.cutAt(/commit(?!ted)/, "after");
    expect(await send(session, booking("2"), booking("3"))).toEqual([{ kind: "done" }, { kind: "done" }]);
    expect(await orders()).toEqual(["1", "2", "3"]);
  });

  test("a commit that never arrived is unknown, is not found, and is repeated without harm", async () => {
    const session = throughWire();
    await send(session, booking("1"));
    wire.cutAt(/commit(?!ted)/, "before");
    expect(kinds(await send(session, booking("2")))).toEqual(["unknown"]);
    const { find } = session.writers["order.booking"]!;
    expect(await find!(booking("2"), call)).toEqual({ kind: "absent" });
    expect(await find!(booking("1"), call)).toEqual({ kind: "found" });
    expect(kinds(await send(session, booking("2")))).toEqual(["done"]);
    expect(await orders()).toEqual(["1", "2"]);
  });

  test("a connection that breaks before the commit has done nothing: the system is ill", async () => {
    const session = throughWire();
    await send(session, booking("1"));
    wire.cutAt(/(start|begin) transaction/, "before");
    expect(kinds(await send(session, booking("2")))).toEqual(["ill"]);
    expect(await orders()).toEqual(["1"]);
  });

  test("wrong credentials are denied, no server is ill, a node that stops sends nothing", async () => {
    expect(kinds(await send(openWith({ host: "127.0.0.1", port: 1 }), booking("1")))).toEqual(["ill"]);
    expect(kinds(await send(openWith({ database: "nowhere" }), booking("1")))).toEqual(["denied"]);
    const stopped = { ...call, stopping: AbortSignal.abort() };
    expect(kinds(await openWith().writers["order.booking"]!.send([booking("1")], stopped))).toEqual(["ill"]);
  });

  test("a key that is not unique is not written to", async () => {
    await on.server.run("drop table stock_out", "create table stock_out (k varchar(100), sku varchar(20))");
    const table = {
      table: "stock_out",
      key: "k",
      write: "keyed" as const,
      columns: { sku: { field: "orderId" } },
    };
    const answers = await send(openWith({ staging: { "order.booking": table } }), booking("1"));
    expect(answers).toEqual([{ kind: "ill", reason: expect.stringContaining("no unique index") }]);
  });

  test("the same message from two nodes at once is there once", async () => {
    const sessions = [openWith(), openWith(), openWith()];
    for (const session of sessions) await send(session, booking("0"));
    const answers = await Promise.all(sessions.map((session) => send(session, booking("1"))));
    // A deadlock between them is busy, and comes again.
    expect(answers.flat().filter(({ kind }) => kind !== "done" && kind !== "busy")).toEqual([]);
    expect(kinds(await send(sessions[0]!, booking("1")))).toEqual(["done"]);
    expect(await orders()).toEqual(["0", "1"]);
  });
});
