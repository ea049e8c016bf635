import { defineConfig } from "vitest/config";

// Against a real Tryton: what `npm test` has and does not need.
export default defineConfig({
  test: {
    include: ["test/tryton/**/*.test.ts"],
    maxWorkers: 2,
    globalSetup: ["test/setup/postgres.ts", "test/tryton/set-up.ts"],
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
