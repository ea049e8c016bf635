// The only wiring: a database, its schema, one node, the gateway before it. What fails while starting is taken back
// in reverse; `stop` refuses new work, drains, stops the node and, where it is ours, the embedded server.
import { join } from "node:path";
import type { Logger } from "pino";
import { checkConfig, loadConfig } from "./cli/load-config.ts";
import { CrossdockError } from "./core/errors.ts";
import { type CrossdockNode, startNode } from "./engine/node.ts";
import { findApiKey, validApiKeys } from "./engine/operations/api-key.ts";
import { registerConfiguration } from "./engine/operations/configuration.ts";
import { openOperations } from "./engine/operations/operations.ts";
import { DEFAULT_HOST, DEFAULT_PORT } from "./gateway/address.ts";
import { defaultLimits, type GatewayLimits } from "./gateway/limits.ts";
import { listen, tryAddress } from "./gateway/listen.ts";
import { gatewayRoutes } from "./gateway/routes.ts";
import { type Gateway, openGateway } from "./gateway/server.ts";
import { webhookAccess } from "./gateway/system/webhook-access.ts";
import { PACKAGE_ROOT, VERSION } from "./package-root.ts";
import { invalidConfiguration } from "./policy/finding.ts";
import type { Integration } from "./policy/integration.ts";
import { startEmbedded } from "./postgres/embedded/start.ts";
import { checkSchema, migrate } from "./postgres/migrate.ts";
import { checkDurability, type Database, openDatabase } from "./postgres/pool.ts";

export interface StartOptions {
  /** One of the two: a file, or an integration whose settings are resolved. */
  configPath?: string;
  integration?: Integration;
  /** Where the embedded server keeps its data; beside the configuration where it is not said. */
  home?: string;
  /** Any other PostgreSQL. */
  databaseUrl?: string;
  port?: number;
  host?: string;
  limits?: Partial<GatewayLimits>;
  log: Logger;
  environment?: NodeJS.ProcessEnv;
}

export interface Running {
  readonly node: CrossdockNode;
  readonly gateway: Gateway;
  readonly db: Database;
  readonly port: number;
  readonly url: string;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

/** The recorder, the projector, commands and settling hold a connection each; reads of the gateway share the rest. */
const CONNECTIONS_MAX = 16;
const STATEMENT_MAX_MS = 60_000;
const migrations = join(PACKAGE_ROOT, "sql");

export async function startCrossdock(options: StartOptions): Promise<Running> {
  const { log } = options;
  const undo: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= undoAll(undo);
    return stopping;
  };
  try {
    const { integration, home } = await readIntegration(options);
    const { host = DEFAULT_HOST, port: wanted = DEFAULT_PORT } = options;
    await tryAddress(wanted, host);
    const installation = await openInstallation({ ...options, home, hold: true, migrate: true });
    undo.push(() => installation.close());
    const { db } = installation;
    const configurationRevision = await registerConfiguration(db, integration);
    const node = await startNode({ integration, configurationRevision, db, log, version: VERSION });
    undo.push(() => node.stop());
    const gateway = await openGatewayOf(node, options);
    undo.push(() => gateway.stop());
    const port = await listen(gateway, wanted, host);
    return {
      node,
      gateway,
      db,
      port,
      url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
      databaseUrl: installation.url,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What began last ends first, and one that cannot end keeps none of the others from it. */
async function undoAll(undo: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of undo.splice(0).reverse()) await step().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function readIntegration(
  options: StartOptions,
): Promise<{ integration: Integration; home: string | undefined }> {
  if (options.integration !== undefined) return { integration: options.integration, home: options.home };
  if (options.configPath === undefined)
    throw new CrossdockError("configuration.missing", "A configuration file or an integration is needed.");
  const { integration, findings, home } = checkConfig(
    await loadConfig(options.configPath),
    options.environment ?? process.env,
  );
  const errors = findings.filter(({ level }) => level === "error");
  if (errors.length > 0)
    throw invalidConfiguration(
      errors.map((finding) => ({ ...finding, place: `${options.configPath}:${finding.line}` })),
    );
  for (const { path, message, line } of findings) options.log.warn({ path, line }, message);
  return { integration, home: options.home ?? home };
}

function openGatewayOf(node: CrossdockNode, { limits, log }: StartOptions): Promise<Gateway> {
  const { db, integration } = node;
  const all = { ...defaultLimits, ...limits };
  const ports = {
    integration,
    version: VERSION,
    recorder: node.recorder,
    commands: node.commands,
    receiver: node.receiver,
    webhookAccess: webhookAccess((system, topic) => node.sources.get(system)?.session.webhooks?.[topic]),
    keys: { all: () => validApiKeys(db), find: (hash: string) => findApiKey(db, hash) },
    operations: openOperations({ db, integration, node }),
    log,
  };
  return openGateway({ ports, limits: all, routes: (gate) => gatewayRoutes(ports, all, gate) });
}

export interface InstallationOptions {
  home?: string | undefined;
  databaseUrl?: string | undefined;
  /** A node: it keeps the embedded server from being stopped by others. */
  hold?: boolean;
  /** Brings the schema up; otherwise it must be there. */
  migrate?: boolean;
  log: Logger;
}

export interface Installation {
  db: Database;
  url: string;
  close(): Promise<void>;
}

/** The database of an installation, beside a running node or without one. */
export async function openInstallation(options: InstallationOptions): Promise<Installation> {
  const { log } = options;
  const undo: (() => Promise<void>)[] = [];
  try {
    const url = options.databaseUrl ?? (await embedded(options, undo));
    const db = openDatabase(url, {
      applicationName: "crossdock",
      connectionsMax: CONNECTIONS_MAX,
      statementTimeoutMs: STATEMENT_MAX_MS,
      onConnectionLost: (error) => log.debug({ err: error }, "an idle connection was lost"),
    });
    undo.push(() => db.close());
    if (options.migrate) {
      await checkDurability(db);
      const { applied } = await migrate(db, migrations);
      if (applied.length > 0) log.info({ applied }, "the schema was brought up");
    } else {
      await checkSchema(db, migrations);
    }
    return { db, url, close: () => undoAll(undo) };
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function embedded(
  { home, hold, log }: InstallationOptions,
  undo: (() => Promise<void>)[],
): Promise<string> {
  if (home === undefined)
    throw new CrossdockError(
      "database.unknown",
      "Neither a home folder nor DATABASE_URL says where the database is.",
    );
  const server = await startEmbedded({ home, hold: hold === true, onLog: (line) => log.info(line) });
  undo.push(() => server.stop());
  return server.url;
}
