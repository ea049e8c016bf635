// Writing: whatever becomes of a call, the system has the effect once, and what is not known is never called failed.
import type { Answer, OutboundMessage, Writer } from "../connector/contract.ts";
import type { OutboundType } from "../domains/outbound.ts";
import type { WriteDeclaration } from "../policy/integration.ts";
import type { Fault } from "./fault-proxy.ts";
import { must, type Proof } from "./proof.ts";
import { declaredWrites, onStage, type Stage, timeoutOf } from "./stage.ts";
import type { Subject, WriteSubject } from "./subject.ts";

const AT_ONCE = 8;
const TRIES_MAX = 8;
const BULK_TRIED_MAX = 10;

interface Writing {
  stage: Stage;
  type: OutboundType;
  writer: Writer;
  declared: WriteDeclaration;
  write: WriteSubject;
}

export function writeProofs(subject: Subject, type: OutboundType, write: WriteSubject): Proof[] {
  const prove = (claim: string, act: (writing: Writing) => Promise<void>): Proof => ({
    claim: `writes ${type}: ${claim}`,
    run: () =>
      onStage(subject, (stage) => {
        const writer = stage.session.writers[type];
        const declared = stage.writes[type];
        must(writer !== undefined && declared !== undefined, `The connector does not write ${type}.`);
        return act({ stage, type, writer, declared, write });
      }),
  });
  const declared = declaredWrites(subject)[type];
  const late = { kind: "delay", ms: timeoutOf(subject) * 2 } as const;
  return [
    prove("it is taken, once", takenOnce),
    prove("sent again, it is there once", sentAgain),
    prove("many at once are each there once", atOnce),
    prove("several in a call have an answer each, in their order", inBulk),
    prove("a connection that breaks before the effect", spoiltAt({ kind: "reset" })),
    prove("an answer that is lost after the effect", spoiltAt({ kind: "drop-answer" })),
    prove("an answer that breaks off", spoiltAt({ kind: "truncate" })),
    prove("an answer that comes too late", spoiltAt(late)),
    // Without a key of its own a system cannot know the second one.
    ...(declared !== undefined && isRepeatable(declared)
      ? [prove("a request that arrives twice", spoiltAt({ kind: "duplicate" }))]
      : []),
    prove("a system that is ill", spoiltAt({ kind: "answer", status: 503, body: "unavailable" })),
    prove(
      "a system that wants a rest",
      spoiltAt({ kind: "answer", status: 429, headers: { "retry-after": "1" } }),
    ),
    prove("a log-in that no longer holds", spoiltAt({ kind: "answer", status: 401 })),
    prove("a call that is given up", givenUp),
  ];
}

async function takenOnce(writing: Writing): Promise<void> {
  const message = await writing.write.message();
  mustBe(await send(writing, message), "done", "The system did not take it");
  await mustStandOnce(writing, message);
}

async function sentAgain(writing: Writing): Promise<void> {
  const message = await writing.write.message();
  await settle(writing, message);
  if (isRepeatable(writing.declared)) await settle(writing, message);
  else if (writing.declared.kind === "lookup") {
    const found = await find(writing, message);
    must(found === "found", `What the system has taken is ${found} when it is looked up.`);
  }
  await mustStandOnce(writing, message);
}

async function atOnce(writing: Writing): Promise<void> {
  const messages = await several(writing, AT_ONCE);
  await Promise.all(messages.map((message) => settle(writing, message)));
  for (const message of messages) await mustStandOnce(writing, message);
}

async function inBulk(writing: Writing): Promise<void> {
  const messages = await several(writing, Math.min(writing.declared.bulkMax, BULK_TRIED_MAX));
  const answers = await writing.writer.send(messages, writing.stage.call());
  must(answers.length === messages.length, `${messages.length} were sent, ${answers.length} were answered.`);
  for (const [index, message] of messages.entries()) {
    mustBe(answers[index]!, "done", `Of ${messages.length} in a call, number ${index + 1} was not taken`);
    await mustStandOnce(writing, message);
  }
}

/** Spoils each call in turn that one message makes, with a fresh message each. */
function spoiltAt(fault: Fault): (writing: Writing) => Promise<void> {
  return async (writing) => {
    const { proxy } = writing.stage;
    const calls = await callsOfOne(writing);
    for (let skip = 0; skip < calls; skip++) {
      const message = await writing.write.message();
      proxy.spoil(fault, skip);
      const first = await send(writing, message);
      proxy.mend();
      const where = `With call ${skip + 1} of ${calls} spoilt (${fault.kind})`;
      must(
        first.kind !== "refused",
        `${where} it was called refused: ${"reason" in first ? first.reason : ""}`,
      );
      await settle(writing, message, first);
      await mustStandOnce(writing, message, where);
    }
  };
}

/** A second message, so that a log-in is not counted. */
async function callsOfOne(writing: Writing): Promise<number> {
  await settle(writing, await writing.write.message());
  const before = writing.stage.proxy.calls;
  await settle(writing, await writing.write.message());
  return writing.stage.proxy.calls - before;
}

async function givenUp(writing: Writing): Promise<void> {
  const { stage, writer } = writing;
  const message = await writing.write.message();
  const controller = new AbortController();
  stage.proxy.spoil({ kind: "delay", ms: 300 });
  const sending = writer.send([message], { ...stage.call(), signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  const [answer] = await sending;
  stage.proxy.mend();
  must(answer!.kind !== "refused", "A call that was given up was called refused.");
  // What it had sent may still be on its way.
  await new Promise((resolve) => setTimeout(resolve, 400));
  await settle(writing, message, answer);
  await mustStandOnce(writing, message);
}

async function several({ write }: Writing, count: number): Promise<OutboundMessage[]> {
  const messages: OutboundMessage[] = [];
  for (let number = 0; number < count; number++) messages.push(await write.message());
  return messages;
}

const isRepeatable = ({ kind }: WriteDeclaration) => kind === "absolute" || kind === "keyed";

async function send({ writer, stage }: Writing, message: OutboundMessage): Promise<Answer> {
  const answers = await writer.send([message], stage.call());
  must(answers.length === 1, `One message had ${answers.length} answers.`);
  return answers[0]!;
}

async function find({ writer, stage }: Writing, message: OutboundMessage): Promise<string> {
  must(writer.find !== undefined, "It is declared to be looked up, and there is no `find`.");
  return (await writer.find(message, stage.call())).kind;
}

/** Goes on as a node does, until the system is said to have it. */
async function settle(writing: Writing, message: OutboundMessage, first?: Answer): Promise<void> {
  let answer = first ?? (await send(writing, message));
  for (let tries = 0; answer.kind !== "done"; tries++) {
    const why = "reason" in answer ? `: ${answer.reason}` : "";
    must(answer.kind !== "refused" && answer.kind !== "missing", `It was answered ${answer.kind}${why}`);
    must(tries < TRIES_MAX, `After ${TRIES_MAX} tries it is still ${answer.kind}${why}`);
    if (answer.kind === "busy") await new Promise((resolve) => setTimeout(resolve, 100));
    if (answer.kind === "unknown" && !isRepeatable(writing.declared)) {
      if (writing.declared.kind === "none") return;
      const found = await find(writing, message);
      if (found === "found") return;
      if (found === "unknown") continue;
    }
    answer = await send(writing, message);
  }
}

function mustBe(answer: Answer, kind: Answer["kind"], sentence: string): void {
  must(answer.kind === kind, `${sentence}: ${answer.kind}${"reason" in answer ? `, ${answer.reason}` : ""}`);
}

async function mustStandOnce(
  { write }: Writing,
  message: OutboundMessage,
  where = "In the end",
): Promise<void> {
  const effects = await write.effects(message);
  must(effects === 1, `${where} the effect of ${message.key} stands ${effects} times in the system.`);
}
