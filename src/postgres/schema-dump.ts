// Draws a database's schema from its catalogue, as SQL that makes it again in an empty database. The same schema gives
// the same text, whichever way it came about. Partitions are left out: the running system makes and drops them.
import type { Database, Queryable } from "./pool.ts";
import * as catalogue from "./schema-catalogue.ts";

const HEADER = `-- Drawn from the catalogue; do not edit. Partitions, which the running system makes and drops, are left out.
set check_function_bodies = off;
`;

/** In the order in which they can be made; within one kind by name. */
const SECTIONS: readonly string[] = [
  catalogue.extensions,
  catalogue.types,
  catalogue.sequences,
  catalogue.functionsBeforeTables,
  catalogue.tables,
  catalogue.sequenceOwners,
  catalogue.functionsAfterTables,
  catalogue.columnStorage,
  catalogue.indexes,
  catalogue.statistics,
  catalogue.foreignKeys,
  catalogue.views,
  catalogue.triggers,
  catalogue.comments,
];

export async function dumpSchema(db: Database): Promise<string> {
  return db.transaction(
    async (tx) => {
      // Names then stand without their schema wherever the server lets them.
      await tx.query("select set_config('search_path', current_schema(), true)");
      const sections: string[] = [];
      for (const text of SECTIONS) sections.push(await section(tx, text));
      const text = [HEADER, ...sections.filter((drawn) => drawn !== "")].join("\n");
      return text.replaceAll(/\n{3,}/g, "\n\n");
    },
    { isolation: "repeatable read", readOnly: true },
  );
}

async function section(tx: Queryable, text: string): Promise<string> {
  const { rows } = await tx.query<{ sql: string }>(text);
  return rows.map(({ sql }) => statement(sql.trim().replaceAll(/[ \t]+$/gm, ""))).join("");
}

/** What takes several lines stands apart. */
function statement(sql: string): string {
  return sql.includes("\n") ? `\n${sql};\n` : `${sql};\n`;
}
