// One running node: sessions with the systems, the way in, the projection, the way out and the schedule, each
// owned over all nodes by leases. `stop` drains: what was acknowledged is applied and what is in flight settles.
import type { Logger } from "pino";
import { openSystems } from "../connector/open.ts";
import { timeFromEpochMs } from "../core/time.ts";
import type { RecordedEvent } from "../domains/event.ts";
import type { Integration } from "../policy/integration.ts";
import type { Database } from "../postgres/pool.ts";
import { ensureDays } from "../store/event.ts";
import { raiseProblems, solveProblems } from "../store/exception.ts";
import { CensusWatch } from "./census/watch.ts";
import { monotonicClock } from "./cluster/context.ts";
import { Leases } from "./cluster/lease.ts";
import { Membership } from "./cluster/membership.ts";
import { openCodeBook, seedCodes } from "./codes/book.ts";
import { CodeWatch } from "./codes/watch.ts";
import { Commands } from "./commands.ts";
import { DeliveryEngine } from "./delivery/engine.ts";
import { uuidv7 } from "./log/event-id.ts";
import { factSink } from "./log/fact-sink.ts";
import { Identities } from "./log/identities.ts";
import { Recorder } from "./log/recorder.ts";
import { openReplays } from "./operations/replays.ts";
import { compileRules, type Rules } from "./projection/rules.ts";
import { ProjectionShares } from "./projection/shares.ts";
import type { Applied } from "./projection/transaction.ts";
import type { NativeSource } from "./receive/native.ts";
import { Receiver } from "./receive/receiver.ts";
import { Elapse } from "./schedule/elapse.ts";
import { Maintenance } from "./schedule/maintenance.ts";
import { Scheduler } from "./schedule/scheduler.ts";
import { SilenceWatch } from "./schedule/silence.ts";

export interface NodeOptions {
  integration: Integration;
  configurationRevision?: number;
  db: Database;
  log: Logger;
  version?: string;
  retentionDays?: number;
}

export interface NodeStatus {
  nodeId: string;
  nodes: number;
  shares: number;
  appliedSeq: number | undefined;
  deliveries: ReturnType<DeliveryEngine["status"]>;
}

export interface CrossdockNode {
  readonly integration: Integration;
  readonly db: Database;
  readonly rules: Rules;
  readonly recorder: Recorder;
  readonly commands: Commands;
  readonly receiver: Receiver;
  readonly deliveries: DeliveryEngine;
  readonly sources: ReadonlyMap<string, NativeSource>;
  /** Resolves when every event that is committed now has been applied by this node's shares. */
  settled(): Promise<void>;
  stop(): Promise<void>;
  status(): NodeStatus;
}

const SCHEDULE_LEASE = "schedule";
const DRAIN_MS = 10_000;

export async function startNode(options: NodeOptions): Promise<CrossdockNode> {
  const { integration, db, log } = options;
  const nodeId = uuidv7();
  const now = () => timeFromEpochMs(Date.now());
  const failed = (what: string) => (error: unknown) =>
    log.warn({ err: error }, `${what} failed; it is tried again`);
  const rules = compileRules(integration);
  await ensureDays(db);
  const identities = new Identities(db);
  await identities.refresh();
  await seedCodes(db, integration);
  const codes = await openCodeBook(db);

  const membership = new Membership({
    db,
    nodeId,

    configurationRevision: options.configurationRevision ?? 1,
    version: options.version ?? "0",
    log,
  });
  await membership.start();
  const leases = new Leases({ db, membership, clock: monotonicClock, log });

  const recorded = (events: RecordedEvent[]) => shares.offer(events);
  const applied = (result: Applied) => {
    if (result.appended.length > 0) shares.offer(result.appended);
    if (result.deliveries.length > 0) deliveries.handOver(result.deliveries);
    if (result.outcome.tasks.some((task) => task.kind === "reallocate")) scheduler.hurry();
  };
  const shares = new ProjectionShares({ db, rules, leases, applied, failed: failed("applying events") });
  const recorder = new Recorder({ db, identities, recorded });
  const commands = new Commands({ db, rules, sinceDay: () => shares.sinceDay, applied });
  const scheduler = new Scheduler({
    db,
    rules,
    commands,
    owns: () => leases.holds(SCHEDULE_LEASE),
    failed: failed("a due task"),
  });

  const systems = openSystems(integration, { now, log, codes: (system) => codes.of(system) });
  const sources = new Map<string, NativeSource>(
    [...systems].map(([system, { connector, session }]) => [
      system,
      { system, company: integration.company, connector, session, codes: () => codes.of(system) },
    ]),
  );
  const deliveries = new DeliveryEngine({
    db,
    membership,

    leases,
    targets: [...systems].map(([system, { session }]) => ({
      system,
      session,
      ...integration.systems[system]!,
    })),
    facts: factSink(integration.company, recorded),
    problems: { raise: raiseProblems, solve: solveProblems },
    clock: monotonicClock,
    log,
  });
  const receiver = new Receiver({
    db,
    recorder,
    sources,
    owns: (system) => leases.holds(`target/${system}`),
    now,
    polled: (system, poll, error) =>
      error === undefined
        ? log.info({ system, poll }, "polling works again")
        : log.warn({ system, poll, err: error }, "polling failed; it is tried again"),
  });
  const silence = new SilenceWatch({
    db,
    integration,
    startedAt: now(),
    owns: () => leases.holds(SCHEDULE_LEASE),
    failed: failed("the watch for silence"),
  });
  const elapse = new Elapse({
    db,
    rules,
    owns: () => leases.holds(SCHEDULE_LEASE),
    delivered: (pending) => deliveries.handOver(pending),
    failed: failed("the look at what time has changed"),
  });
  const codeWatch = new CodeWatch({
    db,
    book: codes,
    sources,
    replays: openReplays({
      db,
      integration,
      sessions: new Map([...systems].map(([system, { session }]) => [system, session])),
      owner: deliveries,
    }),
    owns: () => leases.holds(SCHEDULE_LEASE),
    failed: failed("the look at codes"),
  });
  const census = new CensusWatch({
    db,
    integration,
    sessions: new Map([...systems].map(([system, { session }]) => [system, session])),
    readAgain: (system, poll, since, signal) => receiver.readAgain(system, poll, since, signal),
    owns: () => leases.holds(SCHEDULE_LEASE),
    failed: (system, error) => log.warn({ system, err: error }, "the census failed; it is taken again"),
  });
  const maintenance = new Maintenance({
    db,
    identities,
    retentionDays: options.retentionDays ?? 90,
    failed: failed("maintenance"),
  });

  shares.want();
  leases.want(SCHEDULE_LEASE, { acquired() {}, lost() {}, yield: async () => true });
  await deliveries.start();
  await leases.start();
  receiver.start();
  scheduler.start();
  silence.start();
  elapse.start();
  codeWatch.start();
  census.start();
  maintenance.start();

  return {
    integration,
    db,
    rules,
    recorder,
    commands,
    receiver,
    deliveries,
    sources,
    settled: () => shares.settled(),
    status: () => ({
      nodeId,
      nodes: membership.live().length,
      shares: shares.shares,
      appliedSeq: shares.appliedSeq,
      deliveries: deliveries.status(),
    }),
    async stop() {
      await census.stop();
      await receiver.stop();
      await Promise.all([recorder.drained(), commands.drained()]);
      await scheduler.stop();
      await silence.stop();
      await elapse.stop();
      await codeWatch.stop();
      await maintenance.stop();
      await shares.settled();
      await deliveries.stop({ drainMs: DRAIN_MS });
      await shares.stop();
      await leases.stop();
      await membership.stop();
      await Promise.all([...systems.values()].map((system) => system.close()));
    },
  };
}
