// What the shop's staff does in a real Vendure: products, stock, customers, and orders that are placed.
import { setTimeout as sleep } from "node:timers/promises";
import type { Vendure } from "./server.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers of another system, looked at as a test needs.
export type Answered = any;
export type Ask = (query: string, variables?: Record<string, unknown>) => Promise<Answered>;

export interface PlacedOrder {
  id: string;
  code: string;
  lines: { id: string; sku: string; quantity: number }[];
}

export interface Shop {
  ask: Ask;
  /** SKU → id of its variant. */
  variants: Map<string, string>;
  /** Begins an order that only has to be paid; resolves to its id. */
  draft(lines: Record<string, number>): Promise<string>;
  pay(id: string): Promise<PlacedOrder>;
  place(lines: Record<string, number>): Promise<PlacedOrder>;
  order(code: string): Promise<Answered>;
  /** On hand and allocated of a SKU, by the name of the location. */
  levels(sku: string): Promise<Record<string, [number, number]>>;
}

export const SKUS = Array.from({ length: 40 }, (_, index) => `P${index + 1}`);
const REFUSED = "... on ErrorResult { errorCode message }";

export async function adminOf({ url }: Vendure): Promise<Ask> {
  const post = (query: string, variables: object, headers: Record<string, string>) =>
    fetch(`${url}/admin-api`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ query, variables }),
    });
  const login = 'mutation { login(username: "superadmin", password: "superadmin") { __typename } }';
  const token = (await post(login, {}, {})).headers.get("vendure-auth-token");
  return async (query, variables = {}) => {
    const answer = await post(query, variables, { authorization: `Bearer ${token}` });
    const { data, errors } = (await answer.json()) as { data: Answered; errors?: unknown[] };
    if (errors !== undefined) throw new Error(JSON.stringify(errors));
    for (const [name, result] of Object.entries(data as Record<string, { errorCode?: string } | null>))
      if (result?.errorCode !== undefined) throw new Error(`${name}: ${JSON.stringify(result)}`);
    return data;
  };
}

export async function openShop(vendure: Vendure): Promise<Shop> {
  const ask = await adminOf(vendure);
  const variants = await stockShop(ask);
  const customerId = await customer(ask);
  const method = await shippingMethod(ask);

  async function draft(lines: Record<string, number>): Promise<string> {
    const { id } = (await ask("mutation { createDraftOrder { id } }")).createDraftOrder;
    const items = Object.entries(lines).map(
      ([sku, quantity], index) => `i${index}: addItemToDraftOrder(orderId: $id,
        input: { productVariantId: "${variants.get(sku)}", quantity: ${quantity} }) { __typename ${REFUSED} }`,
    );
    await ask(
      `mutation ($id: ID!, $customer: ID!, $method: ID!) {
        ${items.join("\n")}
        c: setCustomerForDraftOrder(orderId: $id, customerId: $customer) { __typename ${REFUSED} }
        a: setDraftOrderShippingAddress(orderId: $id, input: {
          company: "Zoë & Söhne", fullName: "Zoë", streetLine1: "1", countryCode: "GB" }) { id }
        s: setDraftOrderShippingMethod(orderId: $id, shippingMethodId: $method) { __typename ${REFUSED} }
        t: transitionOrderToState(id: $id, state: "ArrangingPayment") { __typename ${REFUSED}
          ... on OrderStateTransitionError { transitionError } }
      }`,
      { id, customer: customerId, method },
    );
    return id;
  }

  async function pay(id: string): Promise<PlacedOrder> {
    const input = { orderId: id, method: "on-account", transactionId: id, metadata: {} };
    await ask(
      `mutation ($input: ManualPaymentInput!) { addManualPaymentToOrder(input: $input) { __typename ${REFUSED} } }`,
      { input },
    );
    const fields = "id code state active lines { id quantity productVariant { sku } }";
    let { order } = await ask(`query ($id: ID!) { order(id: $id) { ${fields} } }`, { id });
    if (order.state === "ArrangingPayment") {
      await ask(
        `mutation ($id: ID!) { transitionOrderToState(id: $id, state: "PaymentSettled") { __typename ${REFUSED}
          ... on OrderStateTransitionError { transitionError } } }`,
        { id },
      );
      ({ order } = await ask(`query ($id: ID!) { order(id: $id) { ${fields} } }`, { id }));
    }
    if (order.state !== "PaymentSettled") throw new Error(`The order ${order.code} is ${order.state}.`);
    const lines = order.lines.map((line: Answered) => ({ ...line, sku: line.productVariant.sku }));
    return { id, code: order.code, lines };
  }

  return {
    ask,
    variants,
    draft,
    pay,
    place: async (lines) => pay(await draft(lines)),
    async order(code) {
      const query = `query ($code: String!) { orders(options: { filter: { code: { eq: $code } } }) { items {
        id code state updatedAt subTotal shipping lines { id quantity orderPlacedQuantity }
        fulfillments { id state method trackingCode lines { orderLineId quantity } } } } }`;
      return (await ask(query, { code })).orders.items[0];
    },
    async levels(sku) {
      const query = `query ($id: ID!) { productVariant(id: $id) {
        stockLevels { stockOnHand stockAllocated stockLocation { name } } } }`;
      const { productVariant } = await ask(query, { id: variants.get(sku) });
      return Object.fromEntries(
        productVariant.stockLevels.map((level: Answered) => [
          level.stockLocation.name,
          [level.stockOnHand, level.stockAllocated],
        ]),
      );
    },
  };
}

async function stockShop(ask: Ask): Promise<Map<string, string>> {
  await ask('mutation { createStockLocation(input: { name: "Second", description: "" }) { id } }');
  const { taxCategories } = await ask("{ taxCategories { items { id } } }");
  const tax = taxCategories.items[0].id;
  const name = (text: string) => [{ languageCode: "en", name: text }];
  const { createProduct } = await ask(
    "mutation ($input: CreateProductInput!) { createProduct(input: $input) { id } }",
    { input: { translations: [{ languageCode: "en", name: "Goods", slug: "goods", description: "" }] } },
  );
  const { createProductOptionGroup: group } = await ask(
    "mutation ($input: CreateProductOptionGroupInput!) { createProductOptionGroup(input: $input) { id options { id } } }",
    {
      input: {
        code: "kind",
        translations: name("Kind"),
        options: SKUS.map((sku) => ({ code: sku.toLowerCase(), translations: name(sku) })),
      },
    },
  );
  await ask(
    "mutation ($product: ID!, $group: ID!) { addOptionGroupToProduct(productId: $product, optionGroupId: $group) { id } }",
    { product: createProduct.id, group: group.id },
  );
  const { createProductVariants } = await ask(
    "mutation ($input: [CreateProductVariantInput!]!) { createProductVariants(input: $input) { id sku } }",
    {
      input: SKUS.map((sku, index) => ({
        productId: createProduct.id,
        translations: name(`Goods ${sku}`),
        sku,
        price: 1_005 + index,
        taxCategoryId: tax,
        optionIds: [group.options[index].id],
        stockOnHand: 100_000,
        trackInventory: "TRUE",
      })),
    },
  );
  return new Map(createProductVariants.map((variant: Answered) => [variant.sku, variant.id]));
}

async function customer(ask: Ask): Promise<string> {
  const { createCustomer } = await ask(
    `mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { __typename ... on Customer { id } ${REFUSED} } }`,
    {
      input: {
        emailAddress: "zoe@example.com",
        firstName: "Zoë",
        lastName: "Müller",
        customFields: { erpCode: "C-1" },
      },
    },
  );
  return createCustomer.id;
}

/** It is among the last that a fresh shop is filled with. */
async function shippingMethod(ask: Ask): Promise<string> {
  for (let turn = 0; turn < 100; turn++) {
    const { shippingMethods } = await ask("{ shippingMethods { items { id } } }");
    if (shippingMethods.items.length > 0) return shippingMethods.items[0].id;
    await sleep(100);
  }
  throw new Error("There is no shipping method.");
}
