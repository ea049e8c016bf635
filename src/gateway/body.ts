// From the bytes of a body to JSON, with everything refused that is not exactly that: other types and encodings,
// broken UTF-8, broken JSON, nesting that would cost more than it says.
import { isUtf8 } from "node:buffer";
import { CrossdockError } from "../core/errors.ts";
import { assertDepth } from "../core/json.ts";
import { Refusal } from "./problem.ts";

/** Contracts nest no deeper than eight levels; free-form details get room to spare. */
export const JSON_DEPTH_MAX = 64;

export interface ContentType {
  /** In lower case. */
  media: string;
  charset: string;
}

const known = new Map<string, ContentType>();
const KNOWN_MAX = 200;

/** Callers send the same header a million times. */
export function contentType(header: string): ContentType {
  let type = known.get(header);
  if (type === undefined) {
    type = parseContentType(header);
    if (known.size < KNOWN_MAX) known.set(header, type);
  }
  return type;
}

function parseContentType(header: string): ContentType {
  const [media = "", ...parameters] = header.split(";");
  let charset = "utf-8";
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    if (name.trim().toLowerCase() === "charset")
      charset = value
        .trim()
        .replace(/^"(.*)"$/, "$1")
        .toLowerCase();
  }
  return { media: media.trim().toLowerCase(), charset };
}

/** The media type, if the route takes it; throws 415 otherwise. */
export function acceptType(header: string | undefined, accepted: readonly string[]): string {
  const list = accepted.join(" or ");
  if (header === undefined)
    throw new Refusal("request.type-unsupported", `The request names no Content-Type; send ${list}.`);
  const { media, charset } = contentType(header);
  if (!accepted.includes(media))
    throw new Refusal("request.type-unsupported", `This route takes ${list}.`, {
      headers: { accept: accepted.join(", ") },
    });
  if (charset !== "utf-8" && charset !== "utf8") {
    throw new Refusal(
      "request.encoding-unsupported",
      "JSON is read as UTF-8; leave the charset out or send utf-8.",
    );
  }
  return media;
}

/** Compressed bodies are not taken: what they unpack to is not bounded by what arrives. */
export function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding === "identity" || encoding === "") return;
  throw new Refusal(
    "request.encoding-unsupported",
    "Bodies are taken as they are; send no Content-Encoding.",
    {
      headers: { "accept-encoding": "identity" },
    },
  );
}

export function parseBody(body: Buffer | undefined): unknown {
  if (body === undefined || body.length === 0) throw new Refusal("request.empty", "A JSON body is expected.");
  if (!isUtf8(body)) throw new Refusal("request.not-utf8", "The body holds bytes that are not UTF-8.");
  const text = body.toString("utf8");
  if (text.length > JSON_DEPTH_MAX) checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal("request.not-json", `The body is not JSON: ${whereBroken(error, text)}.`);
  }
}

function checkDepth(text: string): void {
  try {
    assertDepth(text, JSON_DEPTH_MAX);
  } catch (error) {
    if (error instanceof CrossdockError) throw new Refusal(error.code, error.message);
    throw error;
  }
}

/** The parser quotes the text that it stumbles over, which may be anything; a position says enough. */
function whereBroken(error: unknown, text: string): string {
  const position = /position (\d+)/.exec((error as Error).message)?.[1];
  if (position === undefined) return "it ends too early";
  const before = text.slice(0, Number(position)).split("\n");
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`;
}
