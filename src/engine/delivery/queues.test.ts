import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";
import { Breaker } from "./breaker.ts";
import { DueLanes } from "./due.ts";
import { Fifo } from "./fifo.ts";
import { type Entry, Lane } from "./lane.ts";
import { Rate } from "./rate.ts";
import { ReadyLanes } from "./ready.ts";
import { RecentIds } from "./recent.ts";

function lane(name: string, urgency: number): Lane {
  const made = new Lane(name, true);
  const entry: Entry = {
    id: 1,
    type: "order.booking",
    key: name,
    flow: "f",
    class: urgency,
    merge: false,
    verify: false,
    causeSeq: 1,
    correlationId: undefined,
    requires: [],
    payload: "{}",
    attempts: 0,
    problem: null,
    merged: [],
    claim: null,
    claimed: 0,
  };
  made.append(entry, false);
  return made;
}

const all = () => true;

describe("lanes that are ready", () => {
  it("come up by weight, and each class in its order", () => {
    const ready = new ReadyLanes();
    for (let n = 0; n < 150; n++)
      for (const urgency of [0, 1, 2, 3]) ready.push(lane(`${urgency}-${n}`, urgency), 0);
    const taken = Array.from({ length: 150 }, () => ready.take(all, 0, 1_000)!);
    const count = (urgency: number) => taken.filter((l) => l.class === urgency).length;
    expect([count(0), count(1), count(2), count(3)]).toEqual([80, 40, 20, 10]);
    const urgent = taken.filter((l) => l.class === 0).map((l) => Number(l.name.slice(2)));
    expect(urgent).toEqual([...urgent].sort((a, b) => a - b));
  });

  it("do not pay for turns in which they were alone", () => {
    const ready = new ReadyLanes();
    for (let n = 0; n < 1_000; n++) ready.push(lane(`3-${n}`, 3), 0);
    for (let n = 0; n < 500; n++) ready.take(all, 0, 1_000);
    for (let n = 0; n < 100; n++) ready.push(lane(`0-${n}`, 0), 0);
    const taken = Array.from({ length: 90 }, () => ready.take(all, 0, 1_000)!);
    expect(taken.filter((l) => l.class === 3)).toHaveLength(10);
  });

  it("that have waited too long get every fourth turn, the oldest first", () => {
    const ready = new ReadyLanes();
    for (let n = 0; n < 20; n++) ready.push(lane(`3-${n}`, 3), n);
    for (let n = 0; n < 200; n++) ready.push(lane(`0-${n}`, 0), 10_000);
    const taken = Array.from({ length: 40 }, () => ready.take(all, 10_000, 1_000)!);
    const old = taken.filter((l) => l.class === 3).map((l) => l.name);
    expect(old.length).toBeGreaterThanOrEqual(10);
    expect(old).toEqual(Array.from({ length: old.length }, (_, n) => `3-${n}`));
  });

  it("that become urgent move, and are taken once", () => {
    const ready = new ReadyLanes();
    const waiting = Array.from({ length: 10 }, (_, n) => lane(`3-${n}`, 3));
    for (const l of waiting) ready.push(l, 0);
    const hurried = waiting[9]!;
    hurried.class = 0;
    ready.promote(hurried);
    expect(ready.take(all, 0, 1_000)).toBe(hurried);
    const rest = Array.from({ length: 12 }, () => ready.take(all, 0, 1_000));
    expect(rest.filter((l) => l !== undefined)).toHaveLength(9);
    expect(ready.size).toBe(0);
  });
});

describe("lanes that wait for a time", () => {
  it("come up in the order of their times, each once", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_000 })), (times) => {
        const due = new DueLanes();
        for (const at of times) {
          const waiting = lane("l", 0);
          waiting.phase = "delayed";
          waiting.dueAt = at;
          due.push(waiting);
        }
        const taken: number[] = [];
        for (let l = due.take(2_000); l !== undefined; l = due.take(2_000)) {
          taken.push(l.dueAt);
          l.phase = "ready";
        }
        expect(taken).toEqual([...times].sort((a, b) => a - b));
        expect(due.next()).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });

  it("and went on another way do not come up", () => {
    const due = new DueLanes();
    const gone = lane("gone", 0);
    gone.phase = "delayed";
    gone.dueAt = 1;
    due.push(gone);
    gone.phase = "ready";
    expect(due.take(10)).toBeUndefined();
  });
});

describe("a breaker", () => {
  const limits = { lanes: 3, probeEveryMs: 100 };

  it("counts lanes, not failures, and forgets them with a success", () => {
    const breaker = new Breaker(limits);
    for (let n = 0; n < 10; n++) expect(breaker.failedIn("one", "500", 0, 0)).toBe(false);
    breaker.failedIn("two", "500", 0, 0);
    breaker.succeeded();
    breaker.failedIn("one", "500", 0, 0);
    breaker.failedIn("two", "500", 0, 0);
    expect(breaker.state).toBe("closed");
    expect(breaker.failedIn("three", "500", 0, 0)).toBe(true);
    expect(breaker.state).toBe("open");
  });

  it("is probed, then tried, then closed; a failed trial opens it without being news", () => {
    const breaker = new Breaker(limits);
    for (const name of ["a", "b", "c"]) breaker.failedIn(name, "500", 0, 0.5);
    expect(breaker.nextProbeAt()).toBe(100);
    breaker.ill("still down", 100, 0.5);
    expect(breaker.nextProbeAt()).toBe(200);
    breaker.healthy();
    expect(breaker.state).toBe("half-open");
    expect(breaker.hasFailed("a")).toBe(true);
    expect(breaker.hasFailed("d")).toBe(false);
    expect(breaker.failedIn("d", "500", 200, 0.5)).toBe(false);
    expect(breaker.state).toBe("open");
    breaker.healthy();
    expect(breaker.succeeded()).toBe(true);
    expect(breaker.state).toBe("closed");
    expect(breaker.nextProbeAt()).toBe(Number.POSITIVE_INFINITY);
  });

  it("that was denied is probed ever more rarely", () => {
    const breaker = new Breaker(limits);
    const pauses: number[] = [];
    for (let n = 0; n < 7; n++) {
      breaker.denied("401", 0, 0.5);
      pauses.push(breaker.nextProbeAt());
      breaker.healthy();
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 1_600, 1_600]);
  });
});

describe("a rate", () => {
  it("is held over any second, and not saved up", () => {
    const rate = new Rate(50, 0);
    let taken = 0;
    for (let now = 0; now <= 1_000; now += 1) if (rate.take(now)) taken += 1;
    expect(taken).toBeLessThanOrEqual(51);
    expect(taken).toBeGreaterThanOrEqual(49);
    expect(rate.waitMs(1_000)).toBeLessThanOrEqual(20);
    taken = 0;
    while (rate.take(60_000)) taken += 1;
    expect(taken).toBe(5);
  });

  it("of 0 is none", () => {
    const rate = new Rate(0, 0);
    for (let n = 0; n < 1_000; n++) expect(rate.take(0)).toBe(true);
    expect(rate.waitMs(0)).toBe(0);
  });
});

describe("backoff", () => {
  it("grows to its bound, with full jitter", () => {
    expect(backoffMs(1, 100, 5_000, 0.999)).toBeLessThanOrEqual(100);
    expect(backoffMs(4, 100, 5_000, 1)).toBe(800);
    expect(backoffMs(40, 100, 5_000, 1)).toBe(5_000);
    expect(backoffMs(10, 100, 5_000, 0)).toBe(1);
  });
});

describe("small things", () => {
  it("a queue keeps its order over many turns", () => {
    const queue = new Fifo<number>();
    const out: number[] = [];
    for (let n = 0; n < 3_000; n++) {
      queue.push(n);
      if (n % 3 !== 0) out.push(queue.shift()!);
    }
    out.push(...queue.takeAll());
    expect(out).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
    expect(queue.shift()).toBeUndefined();
  });

  it("recent ids are known for longer than a hand-over may take, and not for ever", () => {
    const recent = new RecentIds(0);
    recent.add(1);
    recent.turn(5_000);
    expect(recent.has(1)).toBe(true);
    recent.turn(9_900);
    expect(recent.has(1)).toBe(true);
    recent.turn(10_000);
    expect(recent.has(1)).toBe(false);
  });
});
