// The rows before the (N+1)-th submitted order: the first N orders and whatever stands among their rows.
import type { ReadRow } from "./cells.ts";
import { documentFacts, isSubmitted } from "./rules.ts";

/** Reads no further than the order that is one too many. An order's rows stand together but for rare ones. */
export async function* takeOrders(
  rows: AsyncIterable<ReadRow>,
  ordersMax: number,
): AsyncGenerator<ReadRow, void, undefined> {
  const submitted = new Set<string>();
  let document: ReadRow[] = [];
  for await (const row of rows) {
    if (document.length > 0 && row.number !== document[0]!.number) {
      if (!admit(document, submitted, ordersMax)) return;
      yield* document;
      document = [];
    }
    document.push(row);
  }
  if (document.length > 0 && admit(document, submitted, ordersMax)) yield* document;
}

function admit(document: ReadRow[], submitted: Set<string>, ordersMax: number): boolean {
  if (isSubmitted(document, documentFacts(document))) submitted.add(document[0]!.number);
  return submitted.size <= ordersMax;
}
