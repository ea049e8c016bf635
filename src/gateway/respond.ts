// Writes answers: JSON text, security headers, ETags. The texts of hot routes come ready made.
import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { documentText } from "./document-text.ts";
import { PROBLEM_TYPE, type ProblemAnswer } from "./problem.ts";
import type { Answer } from "./route.ts";

export const JSON_TYPE = "application/json; charset=utf-8";

/** Answers are data for one caller: never cached, sniffed, framed or run. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

export function sendText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header("content-type", JSON_TYPE).send(text);
}

export function sendProblem(reply: FastifyReply, answer: ProblemAnswer): FastifyReply {
  return reply
    .code(answer.status)
    .headers(answer.headers)
    .header("content-type", PROBLEM_TYPE)
    .send(answer.text);
}

export function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
  etag: boolean,
): FastifyReply {
  if (answer.headers !== undefined) reply.headers(answer.headers);
  const text = documentText(answer.body);
  if (etag) {
    const tag = `"${hash("sha256", text, "base64url").slice(0, 27)}"`;
    // A tag may be kept by the caller, not by anything in between.
    reply.header("etag", tag).header("cache-control", "private, no-cache");
    if (matches(request.headers["if-none-match"], tag)) return reply.code(304).send();
  }
  const problem = answer.status !== undefined && answer.status >= 400;
  return reply
    .code(answer.status ?? 200)
    .header("content-type", problem ? PROBLEM_TYPE : JSON_TYPE)
    .send(text);
}

function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((part) => {
    const wanted = part.trim();
    return wanted === "*" || wanted === tag || wanted === `W/${tag}`;
  });
}
