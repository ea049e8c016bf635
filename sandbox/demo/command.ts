// `crossdock demo`: a distributor's day on real orders, end to end, and the books at the end, drawn up by code that
// shares nothing with the engine. Ends with 0 where they balance, 1 where they do not, 130 where it was interrupted.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeEmbedded } from "../../src/postgres/embedded/start.ts";
import { type Books, drawBooks } from "../books/books.ts";
import { render } from "../books/render.ts";
import { loadRetail, type RetailInput } from "../retail/orders.ts";
import { planStock, type StockPlan } from "../retail/stock-plan.ts";
import { DEMO_BUFFERS } from "./buffers.ts";
import { Distributor } from "./distributor.ts";
import { Installation } from "./installation.ts";
import { DEMO_HELP, type DemoOptions, readDemoOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import { Replay, type ReplayCounts } from "./replay.ts";
import { untilRest } from "./rest.ts";
import { seedDistributor } from "./seed.ts";
import { subscribe } from "./subscribe.ts";
import { Trouble } from "./trouble.ts";

const INTERRUPTED = 130;
/** Nothing has moved for so long: something is stuck, and the demo says so. */
const STUCK_MS = 45_000;

export async function runDemo(args: string[]): Promise<number> {
  const options = readDemoOptions(args);
  if (options === "help") {
    process.stdout.write(`${DEMO_HELP}\n`);
    return 0;
  }
  const day = new Day(options);
  const interrupt = () => day.interrupt();
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await day.run();
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await day.end();
  }
}

class Day {
  private readonly options: DemoOptions;
  private readonly progress: Progress;
  private stopped = false;
  private distributor: Distributor | undefined;
  private installation: Installation | undefined;

  constructor(options: DemoOptions) {
    this.options = options;
    this.progress = new Progress(process.stderr);
  }

  interrupt(): void {
    if (!this.stopped) this.progress.say("ending: what is under way is finished first");
    this.stopped = true;
  }

  async run(): Promise<number> {
    const input = await loadRetail(
      this.options.file,
      this.options.ordersMax === undefined ? {} : { ordersMax: this.options.ordersMax },
    );
    const plan = planStock(input);
    this.progress.say(
      `${input.orders.length} orders, ${input.cancellations.length} cancellations and ${input.adjustments.length} stock corrections from ${this.options.file}`,
    );
    const distributor = await this.openSystems();
    this.progress.say("seeding the systems: items, customers, opening stock, purchase orders");
    const seeded = await seedDistributor(distributor, input, plan);
    const installation = await this.startCrossdock(distributor);
    await subscribe(
      distributor,
      installation,
      plan.items.map(({ sku }) => sku),
    );
    await this.replay(input, plan, seeded);
    if (this.stopped) return INTERRUPTED;
    this.progress.say("all is entered; the warehouses ship, the ERP bills");
    await untilRest(
      distributor,
      installation,
      STUCK_MS,
      ({ waiting, working }) =>
        this.progress.line(`${waiting} deliveries wait, ${working} documents in work`),
      () => this.stopped,
    );
    if (this.stopped) return INTERRUPTED;
    this.progress.say("drawing up the books from the input file and each system's own API");
    const books = await this.drawBooks(input);
    this.print(books);
    if (this.options.keep) await this.keep();
    return books.balanced ? 0 : 1;
  }

  private async openSystems(): Promise<Distributor> {
    const { home } = this.options;
    await removeEmbedded(home);
    rmSync(join(home, "west"), { recursive: true, force: true });
    this.progress.say("starting the simulated distributor: ERP, CRM, EAST, WEST, 3PL, portal");
    this.distributor = await Distributor.start(home, join(home, "systems.log"));
    return this.distributor;
  }

  private async startCrossdock(distributor: Distributor): Promise<Installation> {
    const { home } = this.options;
    this.progress.say("starting Crossdock with its own PostgreSQL");
    this.installation = new Installation(distributor, home, join(home, "node.log"));
    await this.installation.start();
    this.progress.say("Crossdock reads the opening stock");
    return this.installation;
  }

  private async replay(
    input: RetailInput,
    plan: StockPlan,
    seeded: Awaited<ReturnType<typeof seedDistributor>>,
  ): Promise<void> {
    const distributor = this.distributor!;
    const installation = this.installation!;
    const trouble = new Trouble(this.options.faults, distributor, installation, (text) =>
      this.progress.say(text),
    );
    const all = input.orders.length;
    const sinceMs = this.progress.elapsedMs;
    const replay = new Replay({
      clerk: { distributor, seeded, knownToErp: new Map() },
      installation,
      input,
      plan,
      entered: (counts: ReplayCounts) => {
        trouble.entered(counts.orders / all);
        this.progress.show(counts.orders, all, sinceMs, `${counts.cancellations} taken back`);
      },
      stopped: () => this.stopped,
    });
    await replay.run();
    await trouble.over();
  }

  private drawBooks(input: RetailInput): Promise<Books> {
    const { systems, credentials } = this.distributor!;
    return drawBooks({
      inputFile: this.options.file,
      ...(this.options.ordersMax === undefined ? {} : { ordersMax: this.options.ordersMax }),
      lastRow: input.lastRow,
      systems: {
        erp: systems.erp.url,
        crm: systems.crm.url,
        east: systems.east.url,
        west: { url: systems.west.url, folder: systems.west.folder! },
        partner: systems.partner.url,
        portal: systems.portal.url,
      },
      keys: credentials,
      crossdock: { url: this.installation!.url, key: this.installation!.key },
      buffers: DEMO_BUFFERS,
    });
  }

  private print(books: Books): void {
    this.progress.clear();
    process.stdout.write(`${render(books)}\n`);
    if (!this.options.json) return;
    const { balanced, orders, invoiced, expected, books: streams, exceptions, oversold, shortfalls } = books;
    const summary = {
      balanced,
      orders,
      invoiced,
      expected,
      books: streams,
      exceptions,
      oversold,
      shortfalls,
      durationMs: Math.round(this.progress.elapsedMs),
    };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
  }

  private async keep(): Promise<void> {
    const { systems } = this.distributor!;
    this.progress.say(
      `everything stays up: Crossdock ${this.installation!.url} (key ${this.installation!.key}); Ctrl-C ends it`,
    );
    for (const [name, { url }] of Object.entries(systems)) this.progress.say(`  ${name.padEnd(8)} ${url}`);
    while (!this.stopped) await sleep(200);
  }

  /** In order: the node drains and stops its server, the systems go, and the data with them unless they are kept. */
  async end(): Promise<void> {
    await this.installation?.stop();
    await this.distributor?.stop();
    if (this.installation !== undefined && !this.options.keep) await removeEmbedded(this.options.home);
  }
}
