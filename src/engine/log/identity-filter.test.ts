import fc from "fast-check";
import { expect, test } from "vitest";
import { identityHash } from "./identities.ts";
import { hashWords, IdentityFilter } from "./identity-filter.ts";

test("never says no of what it holds, nor after it was written and read", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 400 }), fc.nat(3), (ids, shift) => {
      const hashes = ids.map((id) => hashWords(identityHash("east", "event", id)));
      const filter = IdentityFilter.forCount(ids.length);
      for (const hash of hashes) filter.add(hash);
      // A Buffer of the driver may begin anywhere.
      const bytes = Buffer.concat([Buffer.alloc(shift), filter.toBytes()]).subarray(shift);
      const read = IdentityFilter.fromBytes(bytes);
      return hashes.every((hash) => filter.has(hash) && read.has(hash));
    }),
  );
});

test("says perhaps of one stranger in a hundred at most", () => {
  const filter = IdentityFilter.forCount(20_000);
  for (let n = 0; n < 20_000; n++) filter.add(hashWords(identityHash("east", "event", `in-${n}`)));
  let perhaps = 0;
  for (let n = 0; n < 20_000; n++)
    if (filter.has(hashWords(identityHash("east", "event", `out-${n}`)))) perhaps += 1;
  expect(perhaps).toBeLessThan(200);
});
