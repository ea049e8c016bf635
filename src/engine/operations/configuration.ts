// Configuration revisions: one a content, numbered in the order in which they were first started. A node on an older
// one than another living node owns nothing. What is hashed holds no secret.
import { hash } from "node:crypto";
import type { Integration } from "../../policy/integration.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";

/** Any fixed number: two nodes that start at once must not number two configurations the same. */
const ADVISORY_LOCK = "4180275369926417305";

export async function registerConfiguration(db: Database, integration: Integration): Promise<number> {
  const text = configurationText(integration);
  const digest = hash("sha256", text, "hex");
  return db.transaction(async (tx) => {
    await tx.query("select pg_advisory_xact_lock($1::bigint)", [ADVISORY_LOCK]);
    return (await findRevision(tx, digest)) ?? (await addRevision(tx, digest, integration));
  });
}

async function findRevision(tx: Transaction, digest: string): Promise<number | undefined> {
  const { rows } = await tx.query<{ revision: number }>(
    "select revision from configuration where hash = $1",
    [digest],
  );
  return rows[0]?.revision;
}

async function addRevision(tx: Transaction, digest: string, integration: Integration): Promise<number> {
  const summary = {
    systems: Object.keys(integration.systems),
    flows: integration.flows.map((flow) => flow.id),
  };
  const { rows } = await tx.query<{ revision: number }>(
    `insert into configuration (revision, hash, summary)
     select coalesce(max(revision), 0) + 1, $1, $2::jsonb from configuration returning revision`,
    [digest, JSON.stringify(summary)],
  );
  return rows[0]!.revision;
}

/** Settings show secrets as "***"; a connector is its product and what it maps. */
function configurationText(integration: Integration): string {
  return JSON.stringify(integration, (key, value) => {
    if (typeof value === "bigint") return value.toString();
    if (key !== "connector" || typeof value !== "object" || value === null) return value;
    const { name, mappingRevision } = value as { name?: string; mappingRevision?: number };
    return { name, mappingRevision };
  });
}
