// What the embedded server runs with: durable, quiet, sized for a small machine that also runs the node.
// `local` is a file of the operator's own, read last.
export interface Surroundings {
  /** Memory that this machine or container has. */
  memoryBytes: number;
  /** Free on the data's disk. */
  freeBytes: number;
  cores: number;
  /** Where its local socket lies; undefined: it has none. */
  socketFolder: string | undefined;
  /** Whether POSIX shared memory can be relied on; containers often have a tiny /dev/shm. */
  posixSharedMemory: boolean;
  windows: boolean;
}

const MB = 1024 * 1024;

export function postgresConf(around: Surroundings, local: string): string {
  const settings = { ...durability(around), ...memory(around), ...behaviour(around) };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  return `# Written by Crossdock at every start; settings of your own go into the file included below.\n${lines.join("\n")}\ninclude_if_exists = '${local.replaceAll("'", "''")}'\n`;
}

/** No other machine, a password always. */
export const accessRules = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n";

function durability({ freeBytes }: Surroundings): Record<string, string> {
  return {
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    wal_level: "replica",
    wal_compression: "off",
    wal_buffers: "16MB",
    min_wal_size: megabytes(within(freeBytes / 32, 80 * MB, 512 * MB)),
    max_wal_size: megabytes(within(freeBytes / 4, 256 * MB, 4096 * MB)),
    checkpoint_timeout: "15min",
    checkpoint_completion_target: "0.9",
  };
}

function memory({ memoryBytes, posixSharedMemory, windows }: Surroundings): Record<string, string> {
  return {
    shared_buffers: megabytes(within(memoryBytes / 8, 64 * MB, 512 * MB)),
    effective_cache_size: megabytes(within(memoryBytes / 2, 256 * MB, 64 * 1024 * MB)),
    work_mem: megabytes(within(memoryBytes / 256, 4 * MB, 32 * MB)),
    maintenance_work_mem: megabytes(within(memoryBytes / 32, 32 * MB, 256 * MB)),
    dynamic_shared_memory_type: windows ? "windows" : posixSharedMemory ? "posix" : "mmap",
    max_connections: "120",
    max_locks_per_transaction: "128",
  };
}

function behaviour({ cores, socketFolder }: Surroundings): Record<string, string> {
  return {
    listen_addresses: "127.0.0.1",
    // A list, so that a comma in the path needs the quotes.
    unix_socket_directories: socketFolder === undefined ? "" : `"${socketFolder.replaceAll('"', '""')}"`,
    password_encryption: "scram-sha-256",
    timezone: "UTC",
    log_timezone: "UTC",
    datestyle: "iso, ymd",
    lc_messages: "C",
    jit: "off",
    random_page_cost: "1.1",
    max_worker_processes: "4",
    max_logical_replication_workers: "0",
    max_parallel_workers_per_gather: cores > 2 ? "2" : "0",
    // Statements of a node that was killed end soon, and with them their locks.
    client_connection_check_interval: "5s",
    autovacuum_naptime: "10s",
    autovacuum_vacuum_scale_factor: "0.05",
    autovacuum_analyze_scale_factor: "0.05",
    autovacuum_vacuum_insert_scale_factor: "0.1",
    autovacuum_vacuum_cost_limit: "2000",
    logging_collector: "off",
    log_line_prefix: "%m [%p] %a ",
    log_min_duration_statement: "5s",
    // Values may be personal data.
    log_parameter_max_length: "0",
    log_parameter_max_length_on_error: "0",
  };
}

function within(bytes: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, bytes));
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / MB)}MB`;
}
