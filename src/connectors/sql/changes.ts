// Reads a log of changes in the order of its numbers. A number that is missing holds back what follows it, until it
// comes or has been waited for; then it is reported, and taken late if it comes after all.
import { CrossdockError, epochMs } from "../../connector/index.ts";
import type { Row } from "./columns.ts";
import type { Connection } from "./dialect.ts";
import { type Gap, gapText, walk, without } from "./gaps.ts";
import { messageOf, pageSizeOf, type Read, type Reading } from "./reading.ts";
import { present, type Source } from "./source.ts";

/** As it is written into JSON: numbers as text. */
type WrittenGap = [from: string, to: string, sinceMs: number];
interface Cursor {
  at?: string;
  waiting: WrittenGap[];
  /** Passed and reported. */
  missing: WrittenGap[];
}

const GAP_WAIT_MS = 30_000;
const GAP_FORGET_MS = 86_400_000;
/** Ranges that one statement asks for. */
const RANGES_MAX = 100;

export function changesRead(reading: Reading): Read {
  const { source, stream, sessions, context } = reading;
  const { sequence, startAfter, gapWaitMs = GAP_WAIT_MS, gapForgetMs = GAP_FORGET_MS } = stream.changes!;
  const size = pageSizeOf(reading);
  return (text, signal) =>
    sessions.read("read", signal, async (session) => {
      const cursor: Cursor = text === null ? { waiting: [], missing: [] } : JSON.parse(text);
      const at = cursor.at ?? startAfter;
      const nowMs = epochMs(context.now());
      const open = cursor.missing.map(gapOf);
      const late = await readLate(session, source, sequence, open);
      const rows = await readBehind(session, source, sequence, at, size);
      const walked = walk(
        rows.map((row) => ({ number: numberOf(source, row, sequence), row })),
        at === undefined ? undefined : BigInt(at),
        cursor.waiting.map(gapOf),
        nowMs,
        gapWaitMs,
      );
      const still = without(
        open,
        late.map((row) => numberOf(source, row, sequence)),
      );
      const kept = still.filter(({ sinceMs }) => nowMs - sinceMs < gapWaitMs + gapForgetMs);
      const forgotten = still.filter((gap) => !kept.includes(gap));
      if (forgotten.length > 0) {
        const numbers = gapText(forgotten);
        context.log("warn", "Numbers of a change table count as rolled back.", {
          stream: source.name,
          numbers,
        });
      }
      const missing = [...kept, ...walked.passed];
      const next: Cursor = {
        ...(walked.at === undefined ? {} : { at: String(walked.at) }),
        waiting: walked.waiting.map(written),
        missing: missing.map(written),
      };
      return {
        messages: [...late, ...walked.taken].map((row) =>
          messageOf(source.name, present(source, row, sequence), row),
        ),
        cursor: JSON.stringify(next),
        more: rows.length === size && walked.waiting.length === 0,
        missing: [{ stream: `${source.name}.${sequence}`, numbers: gapText(missing) }],
      };
    });
}

const gapOf = ([from, to, sinceMs]: WrittenGap): Gap => ({ from: BigInt(from), to: BigInt(to), sinceMs });
const written = ({ from, to, sinceMs }: Gap): WrittenGap => [String(from), String(to), sinceMs];

function numberOf(source: Source, row: Row, sequence: string): bigint {
  const text = present(source, row, sequence);
  if (/^-?\d+$/.test(text)) return BigInt(text);
  throw new CrossdockError(
    "sql.sequence",
    `${source.name}: the column ${sequence} holds ${text}, which is no whole number: it cannot order a log.`,
  );
}

async function readBehind(
  session: Connection,
  source: Source,
  sequence: string,
  at: string | undefined,
  limit: number,
): Promise<Row[]> {
  const binder = source.binder();
  const where =
    at === undefined ? {} : { where: `${source.column(sequence)} > ${binder.bind("integer", at)}` };
  return source.select(session, { ...where, order: [sequence], limit, binder });
}

/** What came of the numbers that were passed. */
async function readLate(
  session: Connection,
  source: Source,
  sequence: string,
  gaps: readonly Gap[],
): Promise<Row[]> {
  const found: Row[] = [];
  const column = source.column(sequence);
  for (let from = 0; from < gaps.length; from += RANGES_MAX) {
    const binder = source.binder();
    const ranges = gaps.slice(from, from + RANGES_MAX).map((gap) => {
      const least = binder.bind("integer", String(gap.from));
      return `${column} between ${least} and ${binder.bind("integer", String(gap.to))}`;
    });
    found.push(
      ...(await source.select(session, {
        where: `(${ranges.join(" or ")})`,
        order: [sequence],
        limit: 10_000,
        binder,
      })),
    );
  }
  return found;
}
