// Answers to what never becomes a request: bytes that are not HTTP, heads that are too large, addresses that cannot be
// read. The same problem documents, written on the bare socket.
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { PROBLEM_TYPE, problemAnswer, Refusal } from "./problem.ts";
import { SECURITY_HEADERS } from "./respond.ts";

const CODES: Record<string, string> = {
  HPE_HEADER_OVERFLOW: "request.headers-too-large",
  ERR_HTTP_REQUEST_TIMEOUT: "request.timeout",
};
const REASONS: Record<number, string> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

export function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, text } = answer(
    CODES[error.code ?? ""] ?? "request.malformed",
    "The request could not be read.",
  );
  const lines = Object.entries({ ...headers, connection: "close" }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\n${lines.join("")}\r\n${text}`);
}

export function refuseBadAddress(_path: string, _request: unknown, response: unknown): void {
  const { status, headers, text } = answer("request.malformed", "The address is not well-formed.");
  (response as ServerResponse<IncomingMessage>).writeHead(status, headers).end(text);
}

function answer(code: string, detail: string) {
  const { status, text } = problemAnswer(new Refusal(code, detail), randomUUID());
  const length = String(Buffer.byteLength(text));
  return {
    status,
    text,
    headers: { ...SECURITY_HEADERS, "content-type": PROBLEM_TYPE, "content-length": length },
  };
}
