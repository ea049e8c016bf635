// Runs a Vendure on a PostgreSQL database: node serve.cjs DATABASE_URL PORT [populate]. It is copied into the folder
// where Vendure is installed, beside the plugin.
"use strict";
const { bootstrap, DefaultLogger, dummyPaymentHandler, LanguageCode, LogLevel } = require("@vendure/core");
const { populate } = require("@vendure/core/cli");
const { CrossdockPlugin } = require("./crossdock-plugin.cjs");

const [databaseUrl, port, what] = process.argv.slice(2);
const initialData = {
  defaultLanguage: LanguageCode.en,
  defaultZone: "Europe",
  countries: [{ code: "GB", name: "United Kingdom", zone: "Europe" }],
  taxRates: [{ name: "Standard Tax", percentage: 20 }],
  shippingMethods: [{ name: "Standard Shipping", price: 495 }],
  paymentMethods: [
    {
      name: "On account",
      handler: { code: "dummy-payment-handler", arguments: [{ name: "automaticSettle", value: "true" }] },
    },
  ],
  collections: [],
};
const webhook = process.env.CROSSDOCK_WEBHOOK;

const config = {
  apiOptions: {
    port: Number(port),
    hostname: "127.0.0.1",
    adminApiPath: "admin-api",
    shopApiPath: "shop-api",
  },
  authOptions: {
    tokenMethod: ["bearer"],
    // Each proof logs in anew, and what guards real passwords is slow by design.
    passwordHashingStrategy: { hash: async (text) => text, check: async (text, kept) => text === kept },
    superadminCredentials: { identifier: "superadmin", password: "superadmin" },
  },
  dbConnectionOptions: {
    type: "postgres",
    url: databaseUrl,
    synchronize: what === "populate",
    logging: false,
  },
  logger: new DefaultLogger({ level: LogLevel.Warn }),
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  customFields: { Customer: [{ name: "erpCode", type: "string" }] },
  plugins:
    webhook === undefined
      ? []
      : [
          CrossdockPlugin.init({
            url: webhook,
            secret: process.env.CROSSDOCK_SECRET,
            customerField: "erpCode",
          }),
        ],
};

const run = what === "populate" ? populate(() => bootstrap(config), initialData) : bootstrap(config);
run.catch((error) => {
  console.error(error);
  process.exit(1);
});
