// What a place of files can do, whichever way it is reached. A place that cannot be reached throws
// `files.unreachable`, one that refuses the credentials `files.denied`; a write whose end is not known
// `files.broken-off`. A file that is not there is undefined.
import { CrossdockError } from "../../connector/index.ts";

export interface Entry {
  name: string;
  size: number;
  modifiedMs: number;
}

/** One file, read at any place. */
export interface Source {
  /** Fewer bytes than asked for only at the end. */
  read(from: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

export interface Transport {
  /** The files of a folder; folders and links are none. */
  list(folder: string): Promise<Entry[]>;
  look(path: string): Promise<Entry | undefined>;
  open(path: string): Promise<Source>;
  /** Whole, under a temporary name first. False: `ifAbsent` found one of the name. */
  write(path: string, bytes: Buffer, ifAbsent: boolean): Promise<boolean>;
  /** Into another folder, which is made where it is not there. Bears repetition. */
  move(path: string, folder: string, name: string): Promise<void>;
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}

export type TransportCode = "files.unreachable" | "files.denied" | "files.broken-off";

export function transportFault(code: TransportCode, message: string, cause?: unknown): CrossdockError {
  return new CrossdockError(code, message, { retry: "later", cause });
}

/** A name of ours that no reader takes for a file: readers pass over a leading dot and over `.tmp`. */
export const temporaryName = (name: string): string => `.${name}.tmp`;

/** What is being written by somebody: readers leave it alone. */
export function isTemporary(name: string): boolean {
  return /^[.~]|\.(tmp|temp|part|partial|filepart|crdownload|swp|writing)$|~$/i.test(name);
}

export const joinPath = (...parts: string[]): string =>
  parts
    .filter((part) => part !== "" && part !== ".")
    .join("/")
    .replaceAll(/\/{2,}/g, "/");
