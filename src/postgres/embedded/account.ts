// Which account the server runs under. PostgreSQL refuses root, so root hands it to an unprivileged account;
// anybody else runs it as themselves. Fails with `postgres.no-permission` where there is no such account.
import { execFileSync } from "node:child_process";
import { CrossdockError } from "../../core/errors.ts";

export interface Account {
  uid: number;
  gid: number;
}

export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

export function unprivilegedAccount(): Account {
  for (const name of ["postgres", "nobody"]) {
    const account = accountOf(name);
    if (account !== undefined) return account;
  }
  throw new CrossdockError(
    "postgres.no-permission",
    "PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody: run as an ordinary user, or set DATABASE_URL to a PostgreSQL server of your own.",
  );
}

/** Undefined where this machine has none of that name. */
export function accountOf(name: string): Account | undefined {
  try {
    const said = execFileSync("id", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const numbers = /^uid=(\d+)\S* gid=(\d+)/.exec(said);
    return numbers === null ? undefined : { uid: Number(numbers[1]), gid: Number(numbers[2]) };
  } catch {
    return undefined; // `id` ends with an error for an account that does not exist
  }
}
