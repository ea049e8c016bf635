// The name of an outbound file: the same for every attempt of a message, and of no other one.
import { createHash } from "node:crypto";
import type { OutboundMessage } from "../../connector/index.ts";

/** Most file systems have 255 bytes; a temporary name takes some of them. */
const NAME_BYTES_MAX = 200;

export function fileNameOf(template: string, message: OutboundMessage): string {
  const name = template.replaceAll(/\{(key|deliveryId|type)\}/g, (_, field: "key" | "deliveryId" | "type") =>
    field === "type" ? message.type : safe(message[field]),
  );
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return name;
  const dot = template.lastIndexOf(".");
  const extension = dot < 0 ? "" : template.slice(dot);
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 32);
  return `${name.slice(0, 120)}-${hash}${extension}`;
}

/** Any text in letters that every file system takes; different texts stay different. */
function safe(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9.-]/.test(character) ? character : `_${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}
