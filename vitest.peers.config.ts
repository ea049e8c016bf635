import { defineConfig } from "vitest/config";

// Beside real servers of the other side (RabbitMQ, MariaDB, Dovecot, OpenSSH, vsftpd), and long proofs: what `npm test`
// has and does not need. What is missing is installed by .ci/system-packages, and its tests are skipped without it.
export default defineConfig({
  test: {
    include: ["src/**/*.peer.test.ts"],
    maxWorkers: 2,
    globalSetup: ["test/setup/postgres.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
