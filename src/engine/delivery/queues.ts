// The lanes of one target that could go on, by what is to be done with them, and which call comes next.
import type { OutboundType } from "../../domains/outbound.ts";
import type { Clock } from "../cluster/context.ts";
import type { Breaker } from "./breaker.ts";
import { type Call, newCall } from "./call.ts";
import { DueLanes } from "./due.ts";
import { Fifo } from "./fifo.ts";
import type { Lane } from "./lane.ts";
import { ReadyLanes } from "./ready.ts";
import type { Route } from "./target.ts";

/** Calls that carry less than they could, beside each other: more would only split what gathers. */
const PARTIAL_CALLS_MAX = 2;

export interface QueuesOptions {
  routes: Map<OutboundType, Route>;
  breaker: Breaker;
  clock: Clock;
  ageBoundMs: number;
  /** Nothing is sent, all is compared. */
  observe: boolean;
}

export class Queues {
  private readonly options: QueuesOptions;
  private readonly ready = new ReadyLanes();
  private readonly due = new DueLanes();
  private readonly lookUps = new Fifo<Lane>();
  private readonly suspects = new Fifo<Lane[]>();
  private turn = 0;
  private partialCalls = 0;

  constructor(options: QueuesOptions) {
    this.options = options;
  }

  routeOf(lane: Lane): Route | undefined {
    return this.options.routes.get(lane.head().type);
  }

  enqueue(lane: Lane, route: Route): void {
    lane.phase = "ready";
    const asked = lane.doubt || this.options.observe || lane.head().verify;
    if (asked && route.findable) this.lookUps.push(lane);
    else if (lane.suspect) this.suspects.push([lane]);
    else this.ready.push(lane, this.options.clock.ms());
  }

  /** Sent together and apart from others, now or when the first is due. */
  enqueueGroup(lanes: Lane[]): void {
    const [first] = lanes as [Lane];
    const delayed = first.dueAt > this.options.clock.ms();
    for (const lane of lanes) lane.phase = delayed ? "delayed" : "ready";
    first.group = delayed ? lanes : null;
    if (delayed) this.due.push(first);
    else this.suspects.push(lanes);
  }

  delay(lane: Lane): void {
    lane.phase = "delayed";
    this.due.push(lane);
  }

  /** A more urgent message came into a lane that stands here. */
  promote(lane: Lane): void {
    this.ready.promote(lane);
  }

  nextDueAt(): number {
    return this.due.next();
  }

  takeDue(nowMs: number): Lane | undefined {
    return this.due.take(nowMs);
  }

  /** Lanes that wait because the target was ill. */
  takeOutage(): Lane[] {
    return this.due.takeAll((lane) => lane.outage);
  }

  takeSuspects(): Lane[] {
    return this.suspects.takeAll().flat();
  }

  /** The next call. Without a free slot only what must be claimed first is picked, a little `ahead`. */
  pick(slot: boolean, ahead: boolean): Call | undefined {
    if (!slot && !ahead) return undefined;
    if (this.options.breaker.state === "half-open") return this.pickTrial();
    this.turn += 1;
    // Look-ups and suspects take turns with the rest, so that many of them do not hold it up.
    if (slot && this.turn % 2 === 0)
      return this.pickLookUp() ?? this.pickSuspects() ?? this.pickReady(slot, ahead);
    return this.pickReady(slot, ahead) ?? (slot ? (this.pickLookUp() ?? this.pickSuspects()) : undefined);
  }

  /** A picked call is over, whatever came of it. */
  ended(call: Call): void {
    if (isPartial(call)) this.partialCalls -= 1;
  }

  private pickReady(slot: boolean, ahead: boolean): Call | undefined {
    const { routes, clock, ageBoundMs } = this.options;
    const allow = (type: OutboundType): boolean => {
      const route = routes.get(type)!;
      if (route.claimed ? !ahead : !slot) return false;
      const partial = route.bulkMax > 1 && this.ready.count(type) < route.bulkMax;
      return !partial || this.partialCalls < PARTIAL_CALLS_MAX;
    };
    const lane = this.ready.take(allow, clock.ms(), ageBoundMs);
    if (lane === undefined) return undefined;
    const { type } = lane.head();
    const route = routes.get(type)!;
    const lanes = [lane];
    if (route.bulkMax > 1) lanes.push(...this.ready.takeMore(type, route.bulkMax - 1));
    return this.picked(newCall("send", route, lanes, false));
  }

  private pickLookUp(): Call | undefined {
    const lane = this.lookUps.shift();
    return lane === undefined ? undefined : this.picked(newCall("find", this.routeOf(lane)!, [lane], false));
  }

  private pickSuspects(): Call | undefined {
    const lanes = this.suspects.shift();
    return lanes === undefined
      ? undefined
      : this.picked(newCall("send", this.routeOf(lanes[0]!)!, lanes, true));
  }

  /** One message, of a lane that has not failed, if there is any: a poisoned one must not keep the breaker open. */
  private pickTrial(): Call | undefined {
    const { breaker } = this.options;
    const lane =
      this.ready.takeFitting((candidate) => !breaker.hasFailed(candidate.name)) ??
      this.ready.takeFitting(() => true);
    if (lane !== undefined) return this.picked(newCall("send", this.routeOf(lane)!, [lane], false));
    const group = this.suspects.shift();
    if (group === undefined) return this.pickLookUp();
    if (group.length > 1) this.suspects.push(group.slice(1));
    return this.picked(newCall("send", this.routeOf(group[0]!)!, [group[0]!], true));
  }

  private picked(call: Call): Call {
    for (const lane of call.lanes) lane.phase = "busy";
    if (isPartial(call)) this.partialCalls += 1;
    return call;
  }
}

const isPartial = (call: Call): boolean =>
  call.act === "send" && call.route.bulkMax > 1 && call.lanes.length < call.route.bulkMax;
