// What WEST's files mean. A file that is not whole fails as one; of a whole file the good rows go on, and each bad one is
// a problem with its line.
import { CrossdockError, type MappedEvent, type NativeMessage } from "../../../src/connector/index.ts";
import { parseFile, type RowProblem, type WestFile, type WestRow } from "./file-format.ts";
import { FileClock } from "./local-time.ts";
import { rowMappings } from "./map-rows.ts";
import type { WestSettings } from "./settings.ts";
import { mapStock } from "./stock.ts";

/** Some rows could not be mapped; the others were. */
export interface PartialMapping {
  events: MappedEvent[];
  problems?: RowProblem[];
}
export type FileMapping = PartialMapping | { ignored: string } | { failed: string; path?: string };

export interface FileContext {
  file: WestFile;
  name: string;
  clock: FileClock;
  location: string;
}

type MapSettings = Pick<WestSettings, "encoding" | "location" | "timeZone">;

export function mapFile(message: NativeMessage, settings: MapSettings): FileMapping {
  const { name, modifiedMs, tooLarge } = readFileId(message.id);
  if (tooLarge) return { failed: `${name} is larger than is read, and stays where it is.` };
  try {
    const file = parseFile(message.body, settings.encoding);
    if (file.kind !== message.topic) {
      return {
        failed: `is the header of a ${file.kind} file, and the name says ${message.topic}`,
        path: "line 1",
      };
    }
    const clock = new FileClock(file.time, file.zone === "" ? settings.timeZone : file.zone, modifiedMs);
    return mapRows({ file, name, clock, location: settings.location });
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    const { path } = error.details;
    return typeof path === "string" ? { failed: error.message, path } : { failed: error.message };
  }
}

function mapRows(context: FileContext): FileMapping {
  const { file } = context;
  const problems = [...file.problems];
  const good = <Result>(row: WestRow, map: () => Result): Result | undefined => {
    try {
      return map();
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      problems.push({ line: row.line, reason: error.message });
      return undefined;
    }
  };
  const events =
    file.kind === "STK" ? mapStock(context, good) : (rowMappings[file.kind]?.(context, good) ?? undefined);
  if (events === undefined) return { failed: `WEST writes no ${file.kind} files.` };
  problems.sort((a, b) => a.line - b.line);
  if (problems.length > 0) return { events, problems };
  return events.length > 0 ? { events } : { ignored: "Answers to what is waited for where it was sent." };
}

/** Runs a row's mapping; a row that is wrong becomes a problem. */
export type Good = <Result>(row: WestRow, map: () => Result) => Result | undefined;

const TOO_LARGE = "too-large";

export const tooLargeId = (name: string): string => `${name}/${TOO_LARGE}`;

/** `SHP_20261124_0001.csv/1795506370000/412`: name, modified, size. */
function readFileId(id: string): { name: string; modifiedMs?: number; tooLarge: boolean } {
  const parts = /^(.*)\/(\d+)\/(\d+)$/.exec(id);
  if (parts !== null) return { name: parts[1]!, modifiedMs: Number(parts[2]), tooLarge: false };
  const tooLarge = id.endsWith(`/${TOO_LARGE}`);
  return { name: tooLarge ? id.slice(0, -TOO_LARGE.length - 1) : id, tooLarge };
}
