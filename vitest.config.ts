import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "sandbox/**/*.test.ts", "test/**/*.test.ts", "bench/**/*.test.ts"],
    // They need other servers, or the products themselves: npm run test:peers, test:tryton, test:medusa, test:vendure.
    exclude: ["**/node_modules/**", "**/*.peer.test.ts", "test/{tryton,medusa,vendure}/**"],
    // Much of the time is waiting for fsync: two workers, however few cores there are.
    maxWorkers: 2,
    globalSetup: ["test/setup/postgres.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
