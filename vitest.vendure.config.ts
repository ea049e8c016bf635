import { defineConfig } from "vitest/config";

// Against a real Vendure: what `npm test` has and does not need.
export default defineConfig({
  test: {
    include: ["test/vendure/**/*.test.ts"],
    maxWorkers: 1,
    globalSetup: ["test/setup/postgres.ts", "test/vendure/set-up.ts"],
    testTimeout: 600_000,
    hookTimeout: 300_000,
  },
});
