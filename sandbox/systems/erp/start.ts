// Ledgerline, the simulated ERP: OData-style resources behind an APIKey header. It keeps everything in
// memory, books what it is told as often as it is told, and refuses with an error code.

import { credentials } from "../credentials.ts";
import { Agenda } from "../simulation/agenda.ts";
import { controlRoutes, settingsRoutes } from "../simulation/control.ts";
import { FaultSwitch } from "../simulation/faults.ts";
import { decimalNumber, fieldsOf, optionalListOf, text } from "../simulation/fields.ts";
import { type RunningServer, startHttpServer } from "../simulation/http-server.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeRequest, Route } from "../simulation/router.ts";
import type { RunningSystem, SystemOptions } from "../simulation/running-system.ts";
import { type Company, clearCompany, createCompany, defaultErpSettings, plants } from "./company.ts";
import { creditMemoRoutes } from "./credit-memos.ts";
import { goodsMovementRoutes } from "./goods-movements.ts";
import { openLedger } from "./ledger.ts";
import { createCustomer, createItem, masterRoutes } from "./masters.ts";
import { createPurchaseOrder, purchaseOrderRoutes } from "./purchase-orders.ts";
import { readRoutes } from "./query.ts";
import { salesOrderRoutes } from "./sales-orders.ts";

export async function startErp(options: SystemOptions = {}): Promise<RunningSystem> {
  const faults = new FaultSwitch(options.seed ?? 1);
  const agenda = new Agenda(() => faults.active("down") !== undefined);
  const settings = defaultErpSettings();
  const company = createCompany(agenda, faults, settings);
  const reset = () => {
    clearCompany(company);
    faults.clear();
    Object.assign(settings, defaultErpSettings());
  };
  const server: RunningServer = await startHttpServer({
    name: "erp",
    port: options.port ?? 0,
    faults,
    native: nativeRoutes(company),
    control: [
      ...controlRoutes({
        name: "erp",
        faults,
        reset,
        counts: () => counts(company),
        requests: () => server.statistics,
      }),
      ...settingsRoutes(settings),
      { method: "POST", path: "/control/seed", handle: (request) => seed(company, request) },
    ],
    authorize,
    describeError: (_status, code, message) => ({ error: { code: errorCodes[code] ?? code, message } }),
  });
  return {
    name: "erp",
    url: server.url,
    faults,
    reset: async () => reset(),
    stop: async () => {
      agenda.clear();
      await server.stop();
    },
  };
}

const errorCodes: Record<string, string> = {
  invalidField: "FIELD_INVALID",
  malformedJson: "BODY_MALFORMED",
  notFound: "NOT_FOUND",
  tooManyRequests: "TOO_MANY_REQUESTS",
  internalError: "INTERNAL",
};

function authorize(request: NativeRequest): void {
  if (request.headers.apikey !== credentials.erp.apiKey) {
    throw new Refusal(401, "UNAUTHORIZED", "The APIKey header is missing or wrong");
  }
}

function nativeRoutes(company: Company): Route[] {
  return [
    ...salesOrderRoutes(company),
    ...goodsMovementRoutes(company),
    ...masterRoutes(company),
    ...purchaseOrderRoutes(company),
    ...creditMemoRoutes(company),
    ...readRoutes(company.invoices),
    ...readRoutes(company.ledger),
  ];
}

function counts(company: Company): Record<string, number> {
  return {
    customers: company.customers.entries.length,
    items: company.items.entries.length,
    salesOrders: company.orders.entries.length,
    goodsMovements: company.movements.entries.length,
    purchaseOrders: company.purchaseOrders.entries.length,
    invoices: company.invoices.entries.length,
    creditMemos: company.creditMemos.entries.length,
    billingDue: company.billingDue.size,
  };
}

function seed(company: Company, request: NativeRequest) {
  const fields = fieldsOf(request.json());
  for (const item of optionalListOf(fields, "items")) createItem(company, item);
  for (const customer of optionalListOf(fields, "customers")) createCustomer(company, customer);
  for (const row of optionalListOf(fields, "stock")) {
    const plant = text(row, "Plant");
    if (!plants.has(plant)) throw new Refusal(422, "PLANT_NOT_FOUND", `Plant ${plant} does not exist`);
    openLedger(company, text(row, "ItemNumber"), plant, decimalNumber(row, "Quantity"));
  }
  const purchaseOrders = optionalListOf(fields, "purchaseOrders").map((order) =>
    createPurchaseOrder(company, order),
  );
  return { status: 200, body: { counts: counts(company), purchaseOrders } };
}
