import { expect, test } from "vitest";
import { orderDecisions, orderFacts } from "./contract.ts";
import { statuses } from "./status.ts";
import type { From } from "./transition.ts";
import { transitionTableMarkdown } from "./transition-table.ts";
import { transitions } from "./transitions.ts";

test("docs/order-states.md is what the state machine says", async () => {
  await expect(transitionTableMarkdown()).toMatchFileSnapshot("../../../docs/order-states.md");
});

test("every event has exactly one row for every status, and for no order", () => {
  expect(Object.keys(transitions).sort()).toEqual(
    [...Object.keys(orderFacts), ...Object.keys(orderDecisions)].sort(),
  );
  const from: From[] = ["none", ...statuses];
  for (const [type, rows] of Object.entries(transitions)) {
    const named = rows.flatMap((row) => row.from);
    expect([...named].sort(), type).toEqual([...from].sort());
  }
});
