import { defineConfig } from "vitest/config";

// Against a real Medusa: what `npm test` has and does not need.
export default defineConfig({
  test: {
    include: ["test/medusa/**/*.test.ts"],
    // A server is half a gigabyte.
    maxWorkers: 1,
    globalSetup: ["test/setup/postgres.ts", "test/medusa/set-up.ts"],
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
