// Reading: what changes comes, whatever happens while it is read, and is mapped to what the contracts say.
import { isDeepStrictEqual } from "node:util";
import type { NativeMessage, Poll } from "../connector/contract.ts";
import { validateEvent } from "../domains/catalogue.ts";
import { must, type Proof } from "./proof.ts";
import { onStage, type Stage } from "./stage.ts";
import type { Expected, ReadSubject, Subject } from "./subject.ts";

const PAGES_MAX = 2_000;
const MANY = 25;

interface Reading {
  stage: Stage;
  poll: Poll;
  read: ReadSubject;
}

export function readProofs(subject: Subject, name: string, read: ReadSubject): Proof[] {
  const prove = (claim: string, act: (reading: Reading) => Promise<void>): Proof => ({
    claim: `reads ${name}: ${claim}`,
    run: () =>
      onStage(subject, (stage) => {
        const poll = stage.session.polls?.[name];
        must(poll !== undefined, `The connector has no poll ${name}.`);
        return act({ stage, poll, read });
      }),
  });
  const proofs = [
    prove("what changes comes, mapped to its contract", changesCome),
    prove("what changes while it is read comes too", changesMeanwhile),
    prove("many changes in one moment all come", manyAtOnce),
    prove("read again from one place, it says the same", sameAgain),
    prove("a reading that breaks off loses nothing", breaksOff),
    prove("half an answer is none", halfAnswer),
    prove("mapping is pure, and says of nonsense that it failed", mapsPurely),
  ];
  if (read.begin !== undefined) proofs.push(prove("what is committed behind the cursor comes", commitsLate));
  return proofs;
}

interface Drained {
  messages: NativeMessage[];
  cursor: string | null;
}

/** Reads on until there is no more, as a node does. */
async function drain({ poll }: Reading, cursor: string | null): Promise<Drained> {
  const messages: NativeMessage[] = [];
  let at = cursor;
  for (let pages = 0; ; pages++) {
    must(pages < PAGES_MAX, `After ${PAGES_MAX} pages there is still more to read.`);
    const result = await poll.read(at, new AbortController().signal);
    messages.push(...result.messages);
    at = result.cursor;
    await result.acknowledge?.();
    if (!result.more) return { messages, cursor: at };
  }
}

function mustHold(
  { stage }: Reading,
  messages: readonly NativeMessage[],
  expected: readonly Expected[],
): void {
  const events = messages.flatMap((message) => {
    const mapping = stage.map(message);
    must(
      !("failed" in mapping),
      `${nameOf(message)} is not mapped: ${"failed" in mapping && mapping.failed}`,
    );
    return "events" in mapping ? mapping.events : [];
  });
  for (const { type, data } of events) {
    const [fault] = validateEvent(type, data);
    must(fault === undefined, `${type}: ${fault?.path} ${fault?.message}`);
  }
  for (const wanted of expected) {
    const came = events.some(({ type, data }) => type === wanted.type && holds(data, wanted.data));
    must(
      came,
      `${wanted.type} with ${JSON.stringify(wanted.data)} has not come; ${events.length} events have.`,
    );
  }
}

const holds = (data: unknown, wanted: Record<string, unknown>): boolean =>
  Object.entries(wanted).every(([name, value]) =>
    isDeepStrictEqual((data as Record<string, unknown> | null)?.[name], value),
  );

const nameOf = ({ topic, id }: NativeMessage): string => `${topic} ${id}`;

async function changesCome(reading: Reading): Promise<void> {
  const first = await drain(reading, null);
  mustHold(reading, first.messages, []);
  const expected = await reading.read.change(3);
  mustHold(reading, (await drain(reading, first.cursor)).messages, expected);
}

async function changesMeanwhile(reading: Reading): Promise<void> {
  const { proxy } = reading.stage;
  const before = await drain(reading, null);
  const expected = await reading.read.change(3);
  let during = 0;
  proxy.onAnswer(async () => {
    if (during++ < 2) expected.push(...(await reading.read.change(1)));
  });
  const first = await drain(reading, before.cursor);
  proxy.onAnswer(undefined);
  const second = await drain(reading, first.cursor);
  mustHold(reading, [...first.messages, ...second.messages], expected);
}

async function manyAtOnce(reading: Reading): Promise<void> {
  const before = await drain(reading, null);
  const expected = await reading.read.change(MANY);
  mustHold(reading, (await drain(reading, before.cursor)).messages, expected);
}

async function commitsLate(reading: Reading): Promise<void> {
  const before = await drain(reading, null);
  const late = await reading.read.begin!();
  const early = await reading.read.change(1);
  const first = await drain(reading, before.cursor);
  await late.commit();
  const second = await drain(reading, first.cursor);
  mustHold(reading, [...first.messages, ...second.messages], [...early, late.expected]);
}

/** A message that is known by its number must not have become another one. */
async function sameAgain(reading: Reading): Promise<void> {
  const before = await drain(reading, null);
  await reading.read.change(3);
  const bodies = new Map<string, string>();
  for (let round = 0; round < 2; round++) {
    for (const message of (await drain(reading, before.cursor)).messages) {
      const name = nameOf(message);
      const body = Buffer.from(message.body).toString("base64");
      must((bodies.get(name) ?? body) === body, `${name} came twice with other content.`);
      bodies.set(name, body);
    }
  }
}

async function breaksOff(reading: Reading): Promise<void> {
  const { proxy } = reading.stage;
  const before = await drain(reading, null);
  const expected = await reading.read.change(3);
  for (const kind of ["reset", "drop-answer"] as const) {
    proxy.spoil({ kind });
    await drain(reading, before.cursor).catch(() => undefined);
    proxy.mend();
  }
  mustHold(reading, (await drain(reading, before.cursor)).messages, expected);
}

async function halfAnswer(reading: Reading): Promise<void> {
  const { proxy } = reading.stage;
  const before = await drain(reading, null);
  const expected = await reading.read.change(3);
  proxy.spoil({ kind: "truncate" });
  const half = await drain(reading, before.cursor).catch(() => undefined);
  proxy.mend();
  const rest = await drain(reading, half === undefined ? before.cursor : half.cursor);
  mustHold(reading, [...(half?.messages ?? []), ...rest.messages], expected);
}

async function mapsPurely(reading: Reading): Promise<void> {
  const { stage } = reading;
  const before = await drain(reading, null);
  await reading.read.change(2);
  const { messages } = await drain(reading, before.cursor);
  must(messages.length > 0, "Nothing came that could be mapped.");
  for (const message of messages) {
    const [one, two] = [stage.map(message), stage.map(message)];
    must(isDeepStrictEqual(one, two), `${nameOf(message)} is mapped to something else the second time.`);
    for (const body of ["", "{}", "[]", "null", Buffer.from(message.body).subarray(0, 20).toString()]) {
      mustRefuse(reading, { ...message, body });
    }
  }
}

/** What throws counts as failed; what is drawn from nonsense must fit its contract all the same. */
function mustRefuse({ stage }: Reading, message: NativeMessage): void {
  let mapping: ReturnType<typeof stage.map>;
  try {
    mapping = stage.map(message);
  } catch {
    return;
  }
  for (const { type, data } of "events" in mapping ? mapping.events : []) {
    const [fault] = validateEvent(type, data);
    must(
      fault === undefined,
      `Of ${JSON.stringify(message.body)} ${type} was made: ${fault?.path} ${fault?.message}`,
    );
  }
}
