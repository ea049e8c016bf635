// The code tables as this node knows them: read whole, and again when their version has changed. A look-up that comes
// too early costs a message its turn, for what is held back goes on by itself.
import { type SystemCodes, systemCodes } from "../../connector/codes.ts";
import { type CodeEntry, codeName, seedEntries } from "../../policy/codes.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { changeCodes, codeVersion, lastCodeChanges, readCodes } from "../../store/code.ts";

const NONE: SystemCodes = systemCodes([]);
/** Who makes the entries that a configuration begins with. */
const CONFIGURATION = "configuration";

export class CodeBook {
  private readonly db: Database;
  private systems = new Map<string, SystemCodes>();
  private version = -1;
  private reading: Promise<void> | undefined;

  constructor(db: Database) {
    this.db = db;
  }

  of(system: string): SystemCodes {
    return this.systems.get(system) ?? NONE;
  }

  /** Resolves when everything that was committed before the call is known. */
  async refresh(): Promise<void> {
    // One that is under way may have begun before what is asked for.
    await this.reading?.catch(() => undefined);
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    await this.reading;
  }

  private async read(): Promise<void> {
    if ((await codeVersion(this.db)) === this.version) return;
    const { version, entries } = await readCodes(this.db);
    const bySystem = Map.groupBy(entries, ({ system }) => system);
    this.systems = new Map([...bySystem].map(([system, of]) => [system, systemCodes(of)]));
    this.version = version;
  }
}

export async function openCodeBook(db: Database): Promise<CodeBook> {
  const book = new CodeBook(db);
  await book.refresh();
  return book;
}

/**
 * What the configuration begins with: entries that never were, and those that only configurations have changed. What a
 * person has changed or taken out is theirs.
 */
export async function seedCodes(db: Database, integration: Integration): Promise<void> {
  const wanted = Object.entries(integration.systems).flatMap(([system, { codes }]) =>
    seedEntries(system, codes ?? {}),
  );
  if (wanted.length === 0) return;
  await db.transaction(async (tx) => {
    const last = await lastCodeChanges(tx, wanted);
    const ours = ({ by }: { by: string } = { by: CONFIGURATION }) => by === CONFIGURATION;
    await changeCodes(
      tx,
      CONFIGURATION,
      wanted.filter((entry: CodeEntry) => ours(last.get(codeName(entry)))),
    );
  });
}
