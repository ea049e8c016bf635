// The configuration of the Medusa project that the tests start: the API alone, addresses from the environment.
const { defineConfig } = require("@medusajs/framework/utils");

module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { connection: { ssl: false } },
    http: {
      storeCors: "http://127.0.0.1",
      adminCors: "http://127.0.0.1",
      authCors: "http://127.0.0.1",
      jwtSecret: "a-secret-of-the-tests",
      cookieSecret: "another-secret-of-the-tests",
    },
  },
});
