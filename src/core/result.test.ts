import { expect, test } from "vitest";
import { ok, type Result, refuse } from "./result.ts";

test("a refusal is a value that the type tells apart", () => {
  const decide = (quantity: number): Result<number, string> =>
    quantity > 0 ? ok(quantity) : refuse("quantity.not-positive");
  const [accepted, refused] = [decide(2), decide(0)];
  expect(accepted.ok && accepted.value).toBe(2);
  expect(!refused.ok && refused.refusal).toBe("quantity.not-positive");
});
