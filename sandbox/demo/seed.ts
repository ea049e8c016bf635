// The distributor on the morning of the demo: items, customers, opening stock and purchase orders, seeded into each
// system in its own shape.
import { CrossdockError } from "../../src/core/errors.ts";
import type { RetailInput } from "../retail/orders.ts";
import type { Location, StockPlan } from "../retail/stock-plan.ts";
import type { Distributor } from "./distributor.ts";

export const PLANTS: Record<Location, string> = { EAST: "P100", WEST: "P200", "3PL": "P300" };
export const WAREHOUSES: Record<Location, "east" | "west" | "partner"> = {
  EAST: "east",
  WEST: "west",
  "3PL": "partner",
};

export interface Seeded {
  /** Retail purchase order number → the ERP's. */
  purchaseOrders: Map<string, string>;
  /** Customer → the CRM's account. */
  accounts: Map<string, string>;
}

/** Fast enough for a demo, slow enough to be seen. */
const FLOOR = {
  pickDelayMs: 150,
  shipDelayMs: 100,
  deliverDelayMs: 300,
  returnDelayMs: 300,
  returnCondition: "held",
  // An order leaves a place in one or two shipments.
  waveLinesMax: 30,
};
/** The ERP's billing run gathers the goods issues of a delivery note for so long. */
const BILLING = { billingDelayMs: 3_000 };

export async function seedDistributor(
  distributor: Distributor,
  input: RetailInput,
  plan: StockPlan,
): Promise<Seeded> {
  const customers = customersOf(input);
  await seedWarehouses(distributor, plan);
  const purchaseOrders = await seedErp(distributor, plan, customers);
  await distributor.control("portal", "seed", { items: plan.items.map(({ sku }) => ({ articleNo: sku })) });
  return { purchaseOrders, accounts: await seedCrm(distributor, customers) };
}

/** Orders of nobody in particular are kept under an account without a number. */
export const NOBODY = "";

async function seedCrm(
  distributor: Distributor,
  customers: Map<string, string | null>,
): Promise<Map<string, string>> {
  const named = [...customers].map(([id, country]) => ({
    name: `Customer ${id}`,
    account_number: id,
    billing_country: country,
  }));
  const accounts = [...named, { name: "Unknown buyer" }];
  const answer = await distributor.control<{ accounts: { id: string; account_number: string | null }[] }>(
    "crm",
    "seed",
    {
      accounts,
    },
  );
  return new Map(answer.accounts.map((account) => [account.account_number ?? NOBODY, account.id]));
}

function customersOf(input: RetailInput): Map<string, string | null> {
  const customers = new Map<string, string | null>();
  for (const order of input.orders)
    if (order.customer !== undefined) customers.set(order.customer.id, order.country ?? null);
  for (const { customer } of input.cancellations)
    if (!customers.has(customer.id)) customers.set(customer.id, null);
  return customers;
}

async function seedWarehouses(distributor: Distributor, plan: StockPlan): Promise<void> {
  for (const [location, system] of Object.entries(WAREHOUSES) as [Location, "east" | "west" | "partner"][]) {
    await distributor.control(system, "settings", FLOOR);
    const items = plan.items.map(({ sku, description, opening }) => ({
      sku,
      description,
      quantity: Number(opening[location]),
    }));
    await distributor.control(system, "seed", { items });
  }
}

async function seedErp(
  distributor: Distributor,
  plan: StockPlan,
  customers: Map<string, string | null>,
): Promise<Map<string, string>> {
  const stock = plan.items.flatMap(({ sku, opening }) =>
    (Object.keys(PLANTS) as Location[]).map((location) => ({
      ItemNumber: sku,
      Plant: PLANTS[location],
      Quantity: Number(opening[location]),
    })),
  );
  // Half of the customers are new to the ERP: their first order has to bring them.
  await distributor.control("erp", "settings", BILLING);
  const known = [...customers].filter((_, index) => index % 2 === 0);
  const answer = await distributor.control<{ purchaseOrders: { OrderNumber: string }[] | string[] }>(
    "erp",
    "seed",
    {
      items: plan.items.map(({ sku, description }) => ({
        ItemNumber: sku,
        Description: description,
        StandardPrice: 1,
      })),
      customers: known.map(([id, country]) => ({
        CustomerNumber: id,
        Name: `Customer ${id}`,
        CountryCode: country,
      })),
      stock,
      purchaseOrders: plan.purchaseOrders.map((order) => ({
        SupplierNumber: order.supplier,
        Lines: order.lines.map(({ sku, quantity }) => ({
          ItemNumber: sku,
          Plant: PLANTS[order.location],
          Quantity: Number(quantity),
          NetPrice: 1,
          DueDate: dueDate(),
        })),
      })),
    },
  );
  const numbers = answer.purchaseOrders.map((order) =>
    typeof order === "string" ? order : order.OrderNumber,
  );
  return new Map(plan.purchaseOrders.map((order, index) => [order.number, numbers[index]!]));
}

/** Tomorrow: the data's own dates are long past, and overdue supply counts as none. */
function dueDate(): string {
  return new Date(Date.now() + 24 * 3_600_000).toISOString().slice(0, 10);
}

/** Says to the ERP who a customer is, where a clerk keys the order of one whom it does not know. Each once. */
export function ensureErpCustomer(
  distributor: Distributor,
  id: string,
  country: string | undefined,
  known: Map<string, Promise<void>>,
): Promise<void> {
  const asked = known.get(id) ?? createErpCustomer(distributor, id, country);
  known.set(id, asked);
  return asked;
}

async function createErpCustomer(
  distributor: Distributor,
  id: string,
  country: string | undefined,
): Promise<void> {
  const filter = encodeURIComponent(`CustomerNumber eq '${id}'`);
  const found = await distributor.erp<{ value: unknown[] }>("GET", `Customers?$filter=${filter}&$top=1`);
  if (found.value.length > 0) return;
  const body = { CustomerNumber: id, Name: `Customer ${id}`, CountryCode: country ?? null };
  await distributor.erp("POST", "Customers", body).catch(async (error) => {
    // Crossdock may have brought the customer meanwhile.
    if (!(error instanceof CrossdockError) || !error.message.includes("CUST_EXISTS")) throw error;
  });
}
