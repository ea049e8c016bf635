import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32c, PARTITIONS, partitionOf } from "./crc32c.ts";

function bitByBit(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test.each([
  ["", 0],
  ["123456789", 0xe3069283],
  ["a", 0xc1d04330],
  ["The quick brown fox jumps over the lazy dog", 0x22620404],
  ["\u0000".repeat(32), 0x8a9136aa],
])("known vector %j", (text, crc) => {
  expect(crc32c(text)).toBe(crc);
});

test("is the checksum of the UTF-8 bytes, for any text and lone surrogates too", () => {
  const encoder = new TextEncoder();
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    fc.constantFrom("\ud800", "\udc00\ud800", "é\ud83d", "💶", "a\udfffb"),
  );
  fc.assert(
    fc.property(texts, (text) => crc32c(text) === bitByBit(encoder.encode(text))),
    { numRuns: 300 },
  );
});

test("keys spread over all partitions", () => {
  const counts = new Array<number>(PARTITIONS).fill(0);
  for (let index = 0; index < 64_000; index++) counts[partitionOf(`main/SKU-${index}`)]!++;
  expect(Math.min(...counts)).toBeGreaterThan(800);
  expect(Math.max(...counts)).toBeLessThan(1200);
});
