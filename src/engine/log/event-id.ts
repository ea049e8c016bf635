// Ids. UUIDv7 for what happens here; a derived id for what a mapping drew from a receipt, so that the same
// receipt, index and mapping revision is always the same event.
import { hash, randomFillSync } from "node:crypto";

const random = new Uint8Array(4096);
let used = random.length;
let lastMs = 0;
let counter = 0;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Monotonic within the process: 48 bits of time, 12 bits of counter, 62 random bits. */
export function uuidv7(): string {
  let now = Date.now();
  if (now <= lastMs) {
    counter += 1;
    if (counter > 0xfff) {
      lastMs += 1;
      counter = 0;
    }
    now = lastMs;
  } else {
    lastMs = now;
    counter = 0;
  }
  if (used + 8 > random.length) {
    randomFillSync(random);
    used = 0;
  }
  const r = random.subarray(used, used + 8);
  used += 8;
  const time = now.toString(16).padStart(12, "0");
  return (
    `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-` +
    `${HEX[(r[0]! & 0x3f) | 0x80]}${HEX[r[1]!]}-${HEX[r[2]!]}${HEX[r[3]!]}${HEX[r[4]!]}${HEX[r[5]!]}${HEX[r[6]!]}${HEX[r[7]!]}`
  );
}

/** UUIDv8 of a receipt, the event's index in it and the mapping's revision. */
export function mappedEventId(receiptId: string, index: number, mappingRevision: number): string {
  const digest = hash("sha256", `${receiptId}/${index}/${mappingRevision}`, "hex");
  const variant = HEX[(Number.parseInt(digest.slice(16, 18), 16) & 0x3f) | 0x80];
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(18, 20)}-${digest.slice(20, 32)}`;
}
