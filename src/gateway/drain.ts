// Reads and drops what a client still sends of a body that is refused: a connection that is closed on unread bytes is
// reset, and the client never sees why. Bounded, since nobody has to be listened to for ever.
import type { IncomingMessage } from "node:http";

const BYTES_MAX = 256 * 1024 * 1024;
const WAIT_MAX_MS = 10_000;

export function drain(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BYTES_MAX) end();
    };
    const end = () => {
      clearTimeout(timer);
      request.off("data", count).off("end", end).off("close", end);
      resolve();
    };
    const timer = setTimeout(end, WAIT_MAX_MS);
    request.on("data", count).once("end", end).once("close", end);
    request.resume();
  });
}
