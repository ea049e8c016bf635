// A shop in a real Medusa: one region, one stock location, products with stock, and buyers who order.
import type { Medusa } from "./server.ts";

// biome-ignore lint/suspicious/noExplicitAny: Medusa's answers are looked into, not checked.
type Body = any;

export interface Shop {
  location: string;
  /** The inventory item of a SKU. */
  inventory: Record<string, string>;
  admin(method: string, path: string, body?: object): Promise<Body>;
  /** One order, as the administration shows it. */
  order(id: string): Promise<Body>;
  /** A buyer checks out; resolves to the order's id. */
  checkOut(goods?: Record<string, number>, cart?: object): Promise<string>;
}

export const PRICES: Record<string, number> = { "LAMP-1": 12.3456, "LAMP-2": 37.3083 };
export const FREIGHT = 4.955;

export async function openShop({ url, apiKey }: Medusa): Promise<Shop> {
  const basic = `Basic ${Buffer.from(`${apiKey}:`).toString("base64")}`;
  const call = async (method: string, path: string, headers: Record<string, string>, body?: object) => {
    const answer = await fetch(url + path, {
      method,
      // It closes connections that were idle for seconds, perhaps while the next call is on its way.
      headers: { "content-type": "application/json", connection: "close", ...headers },
      ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status}: ${text}`);
    return JSON.parse(text) as Body;
  };
  const admin = (method: string, path: string, body?: object) =>
    call(method, `/admin${path}`, { authorization: basic }, body);

  const { region } = await admin("POST", "/regions", {
    name: "US",
    currency_code: "usd",
    countries: ["us"],
    payment_providers: ["pp_system_default"],
  });
  const { sales_channel: channel } = await admin("POST", "/sales-channels", { name: "portal" });
  const { stock_location: place } = await admin("POST", "/stock-locations", { name: "portal" });
  await admin("POST", `/stock-locations/${place.id}/sales-channels`, { add: [channel.id] });
  await admin("POST", `/stock-locations/${place.id}/fulfillment-providers`, { add: ["manual_manual"] });
  const { shipping_profile: profile } = await admin("POST", "/shipping-profiles", {
    name: "goods",
    type: "default",
  });
  const option = await shippingOption(admin, place.id, profile.id);
  const { api_key: store } = await admin("POST", "/api-keys", { title: "store", type: "publishable" });
  await admin("POST", `/api-keys/${store.id}/sales-channels`, { add: [channel.id] });
  const variants: Record<string, string> = {};
  for (const [sku, amount] of Object.entries(PRICES)) {
    const { product } = await admin("POST", "/products", {
      title: `Lampe « cœur » ${sku}`,
      status: "published",
      shipping_profile_id: profile.id,
      sales_channels: [{ id: channel.id }],
      options: [{ title: "size", values: ["one"] }],
      variants: [
        {
          title: "one",
          sku,
          manage_inventory: true,
          options: { size: "one" },
          prices: [{ currency_code: "usd", amount }],
        },
      ],
    });
    variants[sku] = product.variants[0].id;
  }
  const { inventory_items: items } = await admin("GET", "/inventory-items?limit=100");
  const inventory = Object.fromEntries(items.map((item: Body) => [item.sku, item.id]));
  for (const sku of Object.keys(PRICES)) {
    await admin("POST", `/inventory-items/${inventory[sku]}/location-levels`, {
      location_id: place.id,
      stocked_quantity: 100_000,
    });
  }

  const buy = (path: string, body: object) =>
    call("POST", `/store${path}`, { "x-publishable-api-key": store.token }, body);
  return {
    location: place.id,
    inventory,
    admin,
    order: async (id) =>
      (
        await admin(
          "GET",
          `/orders/${id}?fields=%2Bmetadata,*fulfillments,*fulfillments.labels,*items.detail`,
        )
      ).order,
    async checkOut(goods = { "LAMP-1": 2 }, more = {}) {
      const address = {
        first_name: "A",
        last_name: "Buyer",
        address_1: "Street 1",
        city: "NY",
        country_code: "us",
        postal_code: "1",
      };
      const { cart } = await buy("/carts", {
        email: "buyer@example.com",
        region_id: region.id,
        sales_channel_id: channel.id,
        shipping_address: address,
        billing_address: address,
        items: Object.entries(goods).map(([sku, quantity]) => ({ variant_id: variants[sku], quantity })),
        ...more,
      });
      await buy(`/carts/${cart.id}/shipping-methods`, { option_id: option });
      const { payment_collection: paying } = await buy("/payment-collections", { cart_id: cart.id });
      await buy(`/payment-collections/${paying.id}/payment-sessions`, { provider_id: "pp_system_default" });
      const done = await buy(`/carts/${cart.id}/complete`, {});
      return done.order.id;
    },
  };
}

async function shippingOption(admin: Shop["admin"], location: string, profile: string): Promise<string> {
  const path = `/stock-locations/${location}/fulfillment-sets?fields=*fulfillment_sets`;
  const { stock_location: place } = await admin("POST", path, { name: "delivery", type: "shipping" });
  const [set] = place.fulfillment_sets;
  const { fulfillment_set: zoned } = await admin("POST", `/fulfillment-sets/${set.id}/service-zones`, {
    name: "US",
    geo_zones: [{ type: "country", country_code: "us" }],
  });
  const { shipping_option: option } = await admin("POST", "/shipping-options", {
    name: "Carriage",
    service_zone_id: zoned.service_zones[0].id,
    shipping_profile_id: profile,
    provider_id: "manual_manual",
    price_type: "flat",
    type: { label: "Carriage", description: "By road", code: "road" },
    prices: [{ currency_code: "usd", amount: FREIGHT }],
    rules: [],
  });
  return option.id;
}
