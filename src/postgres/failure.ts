// Turns what the driver throws into errors with stable codes; the driver's error stays as the cause, and so
// do values it may name. What the server did not refuse (a bug of ours in a call) passes through unchanged.
import pg from "pg";
import { CrossdockError } from "../core/errors.ts";

interface Meaning {
  code: string;
  retry: "never" | "later";
  message: string;
}

const unavailable: Meaning = {
  code: "postgres.unavailable",
  retry: "later",
  message: "PostgreSQL cannot be reached or closed the connection",
};
const poolExhausted: Meaning = { ...unavailable, message: "No connection of the pool was free in time" };
const serialization: Meaning = {
  code: "postgres.serialization",
  retry: "later",
  message: "Two transactions got in each other's way",
};
const refused: Meaning = {
  code: "postgres.refused",
  retry: "never",
  message: "PostgreSQL refuses the login",
};
/** A migration changed what a prepared statement answers with; a fresh connection prepares it anew. */
const outdated: Meaning = {
  code: "postgres.plan-outdated",
  retry: "later",
  message: "A prepared statement is outdated",
};
const noSpace: Meaning = {
  code: "postgres.no-space",
  retry: "later",
  message: "PostgreSQL has no space left on its disk; free some",
};

/** Whatever else a server refuses: the statement is wrong, or what it was given. */
const failedStatement: Meaning = {
  code: "postgres.query-failed",
  retry: "never",
  message: "The database refused a statement",
};
const notReady: Meaning = {
  code: "postgres.not-ready",
  retry: "later",
  message: "Something of the database is in use or not ready",
};
const readOnly: Meaning = { ...unavailable, message: "PostgreSQL takes no writes, as a standby does" };
const lacksResources: Meaning = { ...unavailable, message: "PostgreSQL lacks resources" };
const ill: Meaning = { ...unavailable, message: "PostgreSQL has a fault of its own machine" };
const noDatabase: Meaning = {
  code: "postgres.no-database",
  retry: "never",
  message: "The database does not exist; create it",
};
const constraint: Meaning = {
  code: "postgres.constraint",
  retry: "never",
  message: "A constraint of the database refused a row",
};

/** Five characters: that state alone. Two: the rest of its class, where all of it means the same. */
const bySqlState: Record<string, Meaning> = {
  "08": unavailable,
  "23": constraint,
  "25006": readOnly,
  "25P03": unavailable,
  "25P04": unavailable,
  "26000": outdated,
  "28000": refused,
  "28P01": refused,
  "3D000": noDatabase,
  "40": serialization,
  "40002": constraint,
  "40003": {
    code: "postgres.commit-unknown",
    retry: "later",
    message: "Whether a statement took effect is unknown",
  },
  "42501": {
    code: "postgres.no-permission",
    retry: "never",
    message: "The database account lacks a permission",
  },
  "53": lacksResources,
  "53100": noSpace,
  "53200": { ...unavailable, message: "PostgreSQL is out of memory" },
  "53300": {
    ...unavailable,
    message: "PostgreSQL has no connection left; raise max_connections or lower the pools",
  },
  "55000": notReady,
  "55006": notReady,
  "55P03": { code: "postgres.lock-timeout", retry: "later", message: "A lock was not free in time" },
  "57": unavailable,
  "57014": {
    code: "postgres.timeout",
    retry: "later",
    message: "A statement took too long, or was cancelled",
  },
  "57P04": noDatabase,
  "58000": ill,
  "58030": ill,
  "72": serialization,
};

/** The SQLSTATE of a server's error, wrapped or not; undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  return serverError(error)?.code;
}

/** The name of the constraint that refused a row, wrapped or not. */
export function violatedConstraint(error: unknown): string | undefined {
  return serverError(error)?.constraint;
}

function serverError(error: unknown): pg.DatabaseError | undefined {
  if (error instanceof pg.DatabaseError) return error;
  return error instanceof CrossdockError && error.cause instanceof pg.DatabaseError ? error.cause : undefined;
}

/** While connecting, whatever is not an answer of the server means that there is none. */
export function connectFailure(error: unknown): unknown {
  if (error instanceof pg.DatabaseError || error instanceof CrossdockError) return queryFailure(error, true);
  const message = error instanceof Error ? error.message : "";
  if (message.startsWith("timeout exceeded")) return withCause(poolExhausted, error);
  return withCause(/certificate|SSL|TLS|SASL|password must be/i.test(message) ? refused : unavailable, error);
}

/** `broken`: the connection is lost, so the cause of any driver error is that. */
export function queryFailure(error: unknown, broken: boolean): unknown {
  if (error instanceof CrossdockError) return error;
  if (error instanceof pg.DatabaseError) return fromServer(error);
  return broken ? withCause(unavailable, error) : error;
}

function fromServer(error: pg.DatabaseError): CrossdockError {
  const state = error.code ?? "";
  const isOutdated = state === "0A000" && error.message.startsWith("cached plan");
  const meaning = isOutdated
    ? outdated
    : (bySqlState[state] ?? bySqlState[state.slice(0, 2)] ?? failedStatement);
  return withCause(meaning, error);
}

function withCause(meaning: Meaning, cause: unknown): CrossdockError {
  const details: Record<string, unknown> = {};
  if (cause instanceof pg.DatabaseError) {
    const { code, constraint, table, column, position, where } = cause;
    for (const [name, value] of Object.entries({
      sqlState: code,
      constraint,
      table,
      column,
      position,
      where,
    }))
      if (value !== undefined) details[name] = value;
  }
  const said =
    cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
  return new CrossdockError(meaning.code, `${meaning.message}: ${said}`, {
    retry: meaning.retry,
    cause,
    details,
  });
}
