// Relata, the simulated CRM: REST with snake_case records and ids of 18 characters. It calls nobody; it
// is polled, by the second, with a token that expires every few minutes.

import { controlRoutes, settingsRoutes } from "../simulation/control.ts";
import { FaultSwitch } from "../simulation/faults.ts";
import { fieldsOf, listOf } from "../simulation/fields.ts";
import { type RunningServer, startHttpServer } from "../simulation/http-server.ts";
import type { NativeRequest } from "../simulation/router.ts";
import type { RunningSystem, SystemOptions } from "../simulation/running-system.ts";
import { accountRoutes, createAccount } from "./accounts.ts";
import { createCrm, defaultCrmSettings } from "./crm.ts";
import { orderRoutes } from "./orders.ts";
import { Tokens } from "./tokens.ts";

export async function startCrm(options: SystemOptions = {}): Promise<RunningSystem> {
  const faults = new FaultSwitch(options.seed ?? 2);
  const crm = createCrm();
  const tokens = new Tokens(crm.settings);
  const reset = () => {
    crm.accounts.clear();
    crm.orders.clear();
    crm.ids.clear();
    crm.orderCount = 0;
    tokens.clear();
    faults.clear();
    Object.assign(crm.settings, defaultCrmSettings());
  };
  const seed = (request: NativeRequest) => {
    const accounts = listOf(fieldsOf(request.json()), "accounts").map((fields) => createAccount(crm, fields));
    return {
      status: 200,
      body: { accounts: accounts.map(({ id, account_number }) => ({ id, account_number })) },
    };
  };
  const server: RunningServer = await startHttpServer({
    name: "crm",
    port: options.port ?? 0,
    faults,
    native: [
      { method: "POST", path: "/oauth/token", handle: (request) => tokens.grant(request) },
      ...accountRoutes(crm),
      ...orderRoutes(crm),
    ],
    control: [
      ...controlRoutes({
        name: "crm",
        faults,
        reset,
        counts: () => ({ accounts: crm.accounts.rows.size, orders: crm.orders.rows.size }),
        requests: () => server.statistics,
      }),
      ...settingsRoutes(crm.settings),
      { method: "POST", path: "/control/seed", handle: seed },
      {
        method: "POST",
        path: "/control/expire-tokens",
        handle: () => {
          tokens.clear();
          return { status: 204 };
        },
      },
    ],
    authorize: (request) => {
      if (request.path !== "/oauth/token") tokens.check(request);
    },
    describeError: (_status, code, message) => [{ errorCode: errorCodes[code] ?? code, message }],
  });
  return { name: "crm", url: server.url, faults, reset: async () => reset(), stop: () => server.stop() };
}

const errorCodes: Record<string, string> = {
  invalidField: "INVALID_FIELD",
  malformedJson: "JSON_PARSER_ERROR",
  notFound: "NOT_FOUND",
  tooManyRequests: "REQUEST_LIMIT_EXCEEDED",
  internalError: "UNKNOWN_EXCEPTION",
};
