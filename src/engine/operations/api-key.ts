// API keys. A key is 256 random bits and shown once; only its SHA-256 is kept, which is enough for what no one
// can guess. A name is used by one key for ever, so that a log names one key.
import { hash, randomBytes } from "node:crypto";
import { CrossdockError } from "../../core/errors.ts";
import type { Time } from "../../core/time.ts";
import { violatedConstraint } from "../../postgres/failure.ts";
import type { Database } from "../../postgres/pool.ts";
import { textArray } from "../../store/arrays.ts";
import { uuidv7 } from "../log/event-id.ts";
import type { Scope } from "./scopes.ts";

export interface ApiKey {
  id: string;
  name: string;
  scopes: Scope[];
  /** The one system that it speaks for; null: it is bound to none. */
  system: string | null;
  createdAt: Time;
  revokedAt: Time | null;
}

const PREFIX = "cdk_";

export const apiKeyHash = (secret: string): string => hash("sha256", secret, "hex");

interface KeyRow {
  id: string;
  name: string;
  scopes: Scope[];
  system: string | null;
  created_at: Time;
  revoked_at: Time | null;
}

const COLUMNS = "id, name, scopes, system, created_at, revoked_at";

function toKey(row: KeyRow): ApiKey {
  const { id, name, scopes, system } = row;
  return { id, name, scopes, system, createdAt: row.created_at, revokedAt: row.revoked_at };
}

/** The secret is returned here and never again. Throws `key.name-taken`. */
export async function createApiKey(
  db: Database,
  wanted: { name: string; scopes: readonly Scope[]; system?: string },
): Promise<{ key: ApiKey; secret: string }> {
  const secret = PREFIX + randomBytes(32).toString("base64url");
  try {
    const { rows } = await db.query<KeyRow>({
      text: `insert into api_key (id, name, hash, scopes, system) values ($1, $2, decode($3, 'hex'), $4::text[], $5) returning ${COLUMNS}`,
      values: [uuidv7(), wanted.name, apiKeyHash(secret), textArray(wanted.scopes), wanted.system ?? null],
    });
    return { key: toKey(rows[0]!), secret };
  } catch (error) {
    if (violatedConstraint(error) !== "api_key_name_key") throw error;
    throw new CrossdockError(
      "key.name-taken",
      `There is, or was, a key ${wanted.name}; choose another name.`,
      { cause: error },
    );
  }
}

/** Revoked ones too, oldest first. */
export async function listApiKeys(db: Database): Promise<ApiKey[]> {
  const { rows } = await db.query<KeyRow>(`select ${COLUMNS} from api_key order by created_at, id`);
  return rows.map(toKey);
}

/** Throws `key.unknown`. A key that is revoked already stays as it is. */
export async function revokeApiKey(db: Database, name: string): Promise<ApiKey> {
  const { rows } = await db.query<KeyRow>(
    `update api_key set revoked_at = coalesce(revoked_at, clock_timestamp()) where name = $1 returning ${COLUMNS}`,
    [name],
  );
  if (rows[0] === undefined) throw new CrossdockError("key.unknown", `There is no key ${name}.`);
  return toKey(rows[0]);
}

/** Hash in hex → key, of every key that holds. */
export async function validApiKeys(db: Database): Promise<Map<string, ApiKey>> {
  const { rows } = await db.query<KeyRow & { hash: string }>({
    name: "valid-api-keys",
    text: `select ${COLUMNS}, encode(hash, 'hex') as hash from api_key where revoked_at is null`,
    values: [],
  });
  return new Map(rows.map((row) => [row.hash, toKey(row)]));
}

export async function findApiKey(db: Database, hashHex: string): Promise<ApiKey | null> {
  const { rows } = await db.query<KeyRow>({
    name: "find-api-key",
    text: `select ${COLUMNS} from api_key where hash = decode($1, 'hex') and revoked_at is null`,
    values: [hashHex],
  });
  return rows[0] === undefined ? null : toKey(rows[0]);
}
