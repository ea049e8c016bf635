// Puts files into a partner's folder, one a message or one a batch: under a temporary name first, so that the partner
// never sees half of one. An earlier attempt whose end is not known is looked for by its name.
import {
  type Answer,
  type CallLimits,
  CrossdockError,
  type Found,
  type OutboundMessage,
  type Writer,
} from "../../connector/index.ts";
import { fileNameOf } from "./file-name.ts";
import { renderFile } from "./render.ts";
import type { OutboundSettings } from "./settings.ts";
import { joinPath, type Transport } from "./transport.ts";

export function writerOf(target: OutboundSettings, transport: Transport): Writer {
  const isLookup = (target.write ?? "lookup") === "lookup";
  const writer: Writer = {
    async send(messages, call) {
      const answers: Answer[] = [];
      const writable: OutboundMessage[] = [];
      const places: number[] = [];
      for (const [index, message] of messages.entries()) {
        const refused = refusalOf(target, message);
        answers.push(refused ?? { kind: "done" });
        if (refused !== undefined) continue;
        writable.push(message);
        places.push(index);
      }
      if (writable.length === 0) return answers;
      const answer = await write(target, transport, writable, isLookup, call);
      for (const index of places) answers[index] = answer;
      return answers;
    },
  };
  return isLookup ? { ...writer, find: (message, call) => find(target, transport, message, call) } : writer;
}

/** A message that no file can hold is refused alone; the others of its batch go. */
function refusalOf(target: OutboundSettings, message: OutboundMessage): Answer | undefined {
  try {
    renderFile(target, [message]);
    fileNameOf(target.name, message);
    return undefined;
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    return { kind: "refused", code: error.code, reason: error.message };
  }
}

async function write(
  target: OutboundSettings,
  transport: Transport,
  messages: readonly OutboundMessage[],
  ifAbsent: boolean,
  call: CallLimits,
): Promise<Answer> {
  if (call.signal.aborted || call.stopping?.aborted)
    return { kind: "ill", reason: "The call was taken back before it began." };
  const name = fileNameOf(target.name, messages[0]!);
  try {
    const bytes = renderFile(target, messages);
    // One of the name that is there already is this message, written by an earlier attempt.
    await withinCall(transport.write(joinPath(target.folder, name), bytes, ifAbsent), call);
    return { kind: "done", reference: name };
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    return answerOf(error);
  }
}

function answerOf({ code, message: reason }: CrossdockError): Answer {
  switch (code) {
    case "files.denied":
      return { kind: "denied", reason };
    case "files.broken-off":
      return { kind: "unknown", reason };
    case "mapping.unfit":
    case "files.unwritable":
    case "files.not-encodable":
      return { kind: "refused", code, reason };
    default:
      return { kind: "ill", reason };
  }
}

async function find(
  { folder, taken = [], name }: OutboundSettings,
  transport: Transport,
  message: OutboundMessage,
  call: CallLimits,
): Promise<Found> {
  const reference = fileNameOf(name, message);
  try {
    // What the partner moves while we look is seen where it comes to rest: its own folder is looked at first.
    for (const place of [folder, ...taken]) {
      const found = await withinCall(transport.look(joinPath(place, reference)), call);
      if (found !== undefined) return { kind: "found", reference };
    }
    return { kind: "absent" };
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    return { kind: "unknown", reason: error.message };
  }
}

/** What has begun may take effect however the wait for it ends. */
async function withinCall<T>(action: Promise<T>, { signal, timeoutMs }: CallLimits): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let cancel = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    const unknown = (what: string) => () =>
      reject(new CrossdockError("files.broken-off", what, { retry: "later" }));
    timer = setTimeout(unknown(`The file was not written within ${timeoutMs} ms.`), timeoutMs);
    cancel = unknown("The call was given up.");
    signal.addEventListener("abort", cancel);
  });
  // What comes after the wait has ended is nobody's any more.
  action.catch(() => undefined);
  try {
    return await Promise.race([action, givenUp]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}
