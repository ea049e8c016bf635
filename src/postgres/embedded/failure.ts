// Says in one sentence why the embedded server does not run and what to do. The cause is kept; the server's own
// words come along where they help.
import { join } from "node:path";
import { CrossdockError } from "../../core/errors.ts";

const OTHER_SERVER = "or set DATABASE_URL to a PostgreSQL server of your own";

export function noSpace(folder: string, cause?: unknown): CrossdockError {
  return new CrossdockError(
    "postgres.no-space",
    `There is no space left for the database in ${folder}; free at least 1 GB, ${OTHER_SERVER}.`,
    { retry: "later", cause, details: { folder } },
  );
}

function noPermission(folder: string, cause?: unknown): CrossdockError {
  return new CrossdockError(
    "postgres.no-permission",
    `The database in ${folder} cannot be used by this account: run as the account that owns the folder, ${OTHER_SERVER}.`,
    { cause, details: { folder } },
  );
}

function portTaken(port: number, cause?: unknown): CrossdockError {
  return new CrossdockError(
    "postgres.port-taken",
    `Port ${port} on 127.0.0.1 is taken by another program; stop it, or choose another port for the database.`,
    { retry: "later", cause, details: { port } },
  );
}

export function wrongVersion(folder: string, found: string, expected: string): CrossdockError {
  return new CrossdockError(
    "postgres.wrong-version",
    `The data in ${folder} was made by PostgreSQL ${found}, and this Crossdock brings ${expected}: go back to the Crossdock that made it, move the data to a server of your own (DATABASE_URL), or remove the folder to start empty.`,
    { details: { folder, found, expected } },
  );
}

export function noBinaries(reason: string, cause?: unknown): CrossdockError {
  return new CrossdockError(
    "postgres.no-binaries",
    `${reason}: run npm install without --omit=optional on this machine, ${OTHER_SERVER}.`,
    { cause },
  );
}

export function startFailed(reason: string, cause?: unknown): CrossdockError {
  return new CrossdockError("postgres.start-failed", reason, { retry: "later", cause });
}

/** An error of the file system or of a start of a program, in `folder`. */
export function fromSystem(error: unknown, folder: string): unknown {
  if (error instanceof CrossdockError) return error;
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") return noSpace(folder, error);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return noPermission(folder, error);
  return error;
}

/** From what initdb or postgres said before it ended. */
export function fromOutput(output: string, folder: string, port: number): CrossdockError {
  const cause = new Error(output.trim().slice(-2000));
  if (/No space left on device|Disk quota exceeded/i.test(output)) return noSpace(folder, cause);
  if (/could not bind|Address already in use/i.test(output)) return portTaken(port, cause);
  if (/Permission denied|has wrong ownership|has invalid permissions/i.test(output))
    return noPermission(folder, cause);
  const version = /initialized by PostgreSQL version (\S+),.*compatible with this version (\d+)/s.exec(
    output,
  );
  if (version !== null) return wrongVersion(folder, version[1]!, version[2]!);
  if (/shared memory.*Cannot allocate|could not map anonymous/s.test(output))
    return startFailed(
      "PostgreSQL does not get the memory it needs; free some, or lower shared_buffers.",
      cause,
    );
  // A file of settings with an error in it: what the error is stands on a line before.
  const said =
    /(?:LOG|WARNING):\s*((?:invalid|unrecognized|syntax error|parameter|\S+ is outside)[^\n]*)/.exec(
      output,
    )?.[1] ??
    /(?:FATAL|PANIC|error):\s*([^\n]+)/i.exec(output)?.[1] ??
    output.trim().split("\n").at(-1);
  const log = join(folder, "postgres.log");
  return startFailed(`PostgreSQL did not start: ${said || "it said nothing"}. More is in ${log}.`, cause);
}
