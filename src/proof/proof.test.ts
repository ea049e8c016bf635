// The suite is worth what it finds: a sound connector passes, and each mistake is found by the claim that it breaks.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Proof, proofsOf, proveConnector, type Subject } from "./index.ts";
import { type Mistakes, type Shop, shopSubject, startShop } from "./testing.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.server.close());

/** What fails, with the first line of what is said of it. */
async function broken(proofs: readonly Proof[]): Promise<Record<string, string>> {
  const said: Record<string, string> = {};
  for (const { claim, run } of proofs) {
    await run().catch((error: Error) => {
      said[claim] = error.message.split("\n")[0]!;
    });
  }
  return said;
}

/** The titles that a runner is given, with what runs. */
function collect(subject: Subject): { tests: Proof[]; skipped: string[] } {
  const tests: Proof[] = [];
  const skipped: string[] = [];
  proveConnector(subject, {
    test: (claim, run) => tests.push({ claim, run }),
    skip: (title) => skipped.push(title),
  });
  return { tests, skipped };
}

test("a sound connector proves every claim", async () => {
  expect(await broken(proofsOf(shopSubject(shop)))).toEqual({});
});

describe("a mistake is found", () => {
  test.each<[keyof Mistakes, string, RegExp]>([
    ["noOverlap", "reads levels: what is committed behind the cursor comes", /has not come/],
    ["lostIsRefused", "writes order.booking: an answer that is lost after the effect", /was called refused/],
    ["lostIsIll", "writes order.booking: an answer that is lost after the effect", /stands 2 times/],
    ["lostIsIll", "writes order.booking: an answer that comes too late", /stands 2 times/],
    ["findsNothing", "writes order.booking: an answer that breaks off", /stands 2 times/],
    ["findsNothing", "writes order.booking: sent again, it is there once", /is absent when it is looked up/],
    ["impure", "reads levels: mapping is pure, and says of nonsense that it failed", /something else/],
    ["alwaysWell", "health: a system that cannot be reached is not", /It was called well/],
  ])("%s, by: %s", async (mistake, claim, sentence) => {
    const proof = proofsOf(shopSubject(shop, { [mistake]: true })).find((one) => one.claim === claim);
    expect((await broken([proof!]))[claim]).toMatch(sentence);
  });
});

describe("what is not proved", () => {
  test("fails where nobody speaks of it", async () => {
    const { reads: _reads, ...subject } = shopSubject(shop);
    const { tests } = collect(subject);
    expect(await broken(tests.slice(0, 1))).toEqual({
      "every claim is proved, or skipped with a reason": expect.stringContaining(
        "Nobody proves: reads levels",
      ),
    });
  });

  test("is skipped with its reason, one claim or all of one kind", async () => {
    const subject = shopSubject(shop);
    const late = "reads levels: what is committed behind the cursor comes";
    const { skipped, tests } = collect({ ...subject, skip: { [late]: "its log is written in order" } });
    expect(skipped).toEqual([`${late} (skipped: its log is written in order)`]);
    expect(tests).toHaveLength(proofsOf(subject).length - 1);
    const { reads: _reads, ...unread } = subject;
    const whole = collect({ ...unread, skip: { "reads levels": "no permission to read" } });
    expect(await broken(whole.tests.slice(0, 1))).toEqual({});
  });

  test("cannot be skipped by a name that there is not", async () => {
    const { tests } = collect({ ...shopSubject(shop), skip: { "reads levels: everything": "lazy" } });
    expect(await broken(tests.slice(-1))).toEqual({
      "skip: reads levels: everything": 'There is no claim "reads levels: everything" that could be skipped.',
    });
  });
});
