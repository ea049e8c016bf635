// crossdock key: API keys made, listed and revoked. A secret is shown when it is made, and never again.
import { type ApiKey, createApiKey, listApiKeys, revokeApiKey } from "../../engine/operations/api-key.ts";
import { type Scope, scopes } from "../../engine/operations/scopes.ts";
import { type CommandContext, type InstallationFlags, withInstallation } from "../context.ts";
import { UsageError } from "../failure.ts";
import { instant } from "../figures.ts";
import { paint, table } from "../table.ts";

export interface CreateKeyFlags extends InstallationFlags {
  scope?: string[];
  system?: string;
}

const KEY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function runCreateKey(context: CommandContext, name: string, flags: CreateKeyFlags): Promise<void> {
  if (!KEY_NAME.test(name))
    throw new UsageError(
      `${JSON.stringify(name)} is no name of a key: letters, digits, dots, hyphens and underscores, at most 64.`,
    );
  const wanted = scopesOf(flags);
  return withInstallation(context, flags, async ({ db, integration, output }) => {
    const { system } = flags;
    if (system !== undefined && !Object.hasOwn(integration.systems, system)) {
      throw new UsageError(
        `--system names ${system}, which is not declared; there are ${Object.keys(integration.systems).join(", ")}.`,
      );
    }
    const { key, secret } = await createApiKey(db, {
      name,
      scopes: wanted,
      ...(system === undefined ? {} : { system }),
    });
    output.result({ ...key, key: secret }, () => `The API key ${name}, shown once: ${paint("bold", secret)}`);
  });
}

/** A system's key writes as that system and nothing else; any other may do everything, unless scopes are said. */
function scopesOf({ scope, system }: CreateKeyFlags): Scope[] {
  const wanted = (scope ?? []).flatMap((text) => text.split(","));
  for (const one of wanted) {
    if (!(scopes as readonly string[]).includes(one))
      throw new UsageError(`--scope is one of ${scopes.join(", ")}, not ${one}.`);
  }
  if (wanted.length > 0) return [...new Set(wanted)] as Scope[];
  return system === undefined ? [...scopes] : ["system:write"];
}

export function runListKeys(context: CommandContext, flags: InstallationFlags): Promise<void> {
  return withInstallation(context, flags, async ({ db, output }) => {
    const keys = await listApiKeys(db);
    output.result({ keys }, () =>
      keys.length === 0 ? "There is no API key: crossdock key create <name> makes one." : keyTable(keys),
    );
  });
}

function keyTable(keys: readonly ApiKey[]): string {
  return table<ApiKey>(
    [
      { title: "NAME", value: (key) => key.name },
      { title: "SYSTEM", value: (key) => key.system ?? "any" },
      {
        title: "SCOPES",
        value: (key) => (key.scopes.length === scopes.length ? "all" : key.scopes.join(" ")),
      },
      { title: "MADE", value: (key) => instant(key.createdAt) },
      {
        title: "REVOKED",
        value: (key) => (key.revokedAt === null ? "" : instant(key.revokedAt)),
        style: () => "yellow",
      },
    ],
    keys,
  );
}

export function runRevokeKey(context: CommandContext, name: string, flags: InstallationFlags): Promise<void> {
  return withInstallation(context, flags, async ({ db, output }) => {
    const key = await revokeApiKey(db, name);
    output.result(key, () => `The API key ${name} is revoked; running nodes refuse it within seconds.`);
  });
}
