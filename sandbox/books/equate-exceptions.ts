// Exceptions: those that the input must end in, by category and document, and none that is left open for a reason
// of the machinery's own.
import type { Drawn } from "./drawn.ts";
import type { CrossdockException } from "./facts.ts";
import type { Category } from "./input.ts";
import { type Equation, equate, Tally } from "./tally.ts";
import { splitKey } from "./trace.ts";

const categories: readonly Category[] = ["customer", "code", "quantity", "price", "cancellation"];
/** Where an exception does not say itself which kind of row it is about. */
const categoryOfCode: Record<string, Category> = {
  "order.no-customer": "customer",
  "return.unmatched": "cancellation",
};
const technical: ReadonlySet<string> = new Set(["mapping", "platform", "access", "configuration"]);

interface Exceptions {
  equations: Equation[];
  /** Category of the input, or Crossdock's for those that the input does not explain → open exceptions. */
  counts: Record<string, number>;
}

export function equateExceptions(drawn: Drawn): Exceptions {
  const section = "Exceptions";
  const found = new Map<Category, CrossdockException[]>(categories.map((category) => [category, []]));
  const counts: Record<string, number> = Object.fromEntries(categories.map((category) => [category, 0]));
  const broken = new Tally();
  for (const exception of drawn.facts.crossdock.exceptions) {
    const category = categoryOf(exception);
    if (category !== undefined) found.get(category)!.push(exception);
    const name = category ?? exception.category;
    counts[name] = (counts[name] ?? 0) + 1;
    if (technical.has(exception.category) && category === undefined) {
      broken.add(`${exception.code} ${exception.key}`);
    }
  }
  const equations = categories.map((category) => {
    const expected = new Tally();
    for (const exception of drawn.expected.exceptions) {
      if (exception.category === category) expected.add(exception.number);
    }
    return equate({
      id: `exceptions.${category}`,
      section,
      title: `Exceptions of category ${category} are those of the input`,
      measure: "count",
      left: { "in the input": expected },
      right: { "open in Crossdock": byDocument(drawn, found.get(category)!, expected) },
    });
  });
  equations.push(
    equate({
      id: "exceptions.technical",
      section,
      title: "No exception is open that mapping, platform, access or configuration caused",
      measure: "count",
      left: { open: broken },
      right: { "must be": new Tally() },
    }),
  );
  return { equations, counts };
}

function categoryOf({ code, detail }: CrossdockException): Category | undefined {
  return categories.find((category) => category === detail.category) ?? categoryOfCode[code];
}

/** An exception that names no document of the input stands for one that is missing, where one is. */
function byDocument({ trace }: Drawn, exceptions: readonly CrossdockException[], expected: Tally): Tally {
  const documents = new Tally();
  const nameless: CrossdockException[] = [];
  for (const exception of exceptions) {
    const number = namesIn(exception)
      .flatMap((name) => [name, trace.find(name) ?? ""])
      .find((name) => expected.get(name) > 0n);
    if (number === undefined) nameless.push(exception);
    else documents.add(number);
  }
  for (const [number, count] of expected.entries()) {
    for (
      let missing = count - documents.get(number);
      missing > 0n && nameless.pop() !== undefined;
      missing--
    ) {
      documents.add(number);
    }
  }
  for (const { code, title } of nameless) documents.add(`? ${code}: ${title}`);
  return documents;
}

function namesIn({ key, detail }: CrossdockException): string[] {
  const told = [detail.number, detail.document, detail.reference, detail.orderId, detail.purchaseOrder];
  return [...told, splitKey(key)[1]].filter(
    (name): name is string => typeof name === "string" && name !== "",
  );
}
