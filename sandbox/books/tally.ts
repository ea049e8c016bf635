// Amounts by document, and equations between them. An equation balances where both sides agree for every single
// document, not only in their sums: two mistakes that cancel out are two failures.
import { writeExact, writeMoney } from "./exact.ts";

/** `count`: documents; `units`: millionths of a unit; `money`: pennies. */
type Measure = "count" | "units" | "money";

export class Tally {
  private readonly amounts = new Map<string, bigint>();

  add(document: string, amount = 1n): this {
    this.amounts.set(document, (this.amounts.get(document) ?? 0n) + amount);
    return this;
  }

  get(document: string): bigint {
    return this.amounts.get(document) ?? 0n;
  }

  documents(): IterableIterator<string> {
    return this.amounts.keys();
  }

  entries(): IterableIterator<[string, bigint]> {
    return this.amounts.entries();
  }

  total(): bigint {
    let sum = 0n;
    for (const amount of this.amounts.values()) sum += amount;
    return sum;
  }
}

interface Term {
  label: string;
  amount: string;
}

interface Failure {
  document: string;
  left: string;
  right: string;
}

export interface Equation {
  /** Stable, for those who look for one. */
  id: string;
  section: string;
  title: string;
  left: Term[];
  right: Term[];
  /** Left less right, of the sums. */
  difference: string;
  balanced: boolean;
  /** Documents that differ, and the first of them. */
  differing: number;
  failures: Failure[];
}

interface Spec {
  id: string;
  section: string;
  title: string;
  measure: Measure;
  left: Record<string, Tally>;
  right: Record<string, Tally>;
}

const FAILURES_SHOWN = 10;

export function equate({ id, section, title, measure, left, right }: Spec): Equation {
  const write = writerOf(measure);
  const documents = new Set<string>();
  for (const side of [left, right]) {
    for (const tally of Object.values(side))
      for (const document of tally.documents()) documents.add(document);
  }
  const failures: Failure[] = [];
  for (const document of documents) {
    const [a, b] = [sumOf(left, document), sumOf(right, document)];
    if (a !== b) failures.push({ document, left: write(a), right: write(b) });
  }
  failures.sort((a, b) => (a.document < b.document ? -1 : 1));
  return {
    id,
    section,
    title,
    left: termsOf(left, write),
    right: termsOf(right, write),
    difference: write(totalOf(left) - totalOf(right)),
    balanced: failures.length === 0,
    differing: failures.length,
    failures: failures.slice(0, FAILURES_SHOWN),
  };
}

function writerOf(measure: Measure): (amount: bigint) => string {
  if (measure === "money") return writeMoney;
  return measure === "units" ? writeExact : (amount) => amount.toString();
}

const sumOf = (side: Record<string, Tally>, document: string): bigint =>
  Object.values(side).reduce((sum, tally) => sum + tally.get(document), 0n);

const totalOf = (side: Record<string, Tally>): bigint =>
  Object.values(side).reduce((sum, tally) => sum + tally.total(), 0n);

const termsOf = (side: Record<string, Tally>, write: (amount: bigint) => string): Term[] =>
  Object.entries(side).map(([label, tally]) => ({ label, amount: write(tally.total()) }));
