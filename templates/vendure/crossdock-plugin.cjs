// A Vendure plugin that tells Crossdock of an order at once; what it cannot tell, Crossdock's poll finds. Copy it into
// your project and add it to the plugins of your VendureConfig:
//
//   CrossdockPlugin.init({ url: "https://crossdock.example/system/v1/portal/webhooks/orders", secret: "…" })
//
// An event only says that there is something to read, and may come before its transaction is committed: the order is
// read until it stands as placed, and is sent until it is taken, for about a minute.
"use strict";
const { createHmac } = require("node:crypto");
const { setTimeout: sleep } = require("node:timers/promises");
const {
  EventBus,
  Logger,
  OrderPlacedEvent,
  OrderService,
  PluginCommonModule,
  VendurePlugin,
} = require("@vendure/core");

const TURNS = 7;
const RELATIONS = [
  "customer",
  "lines",
  "lines.productVariant",
  "surcharges",
  "shippingLines",
  "shippingLines.shippingMethod",
];

class CrossdockPlugin {
  /**
   * `url`, `secret`: the webhook in Crossdock and the setting webhookSecret. `customerField`: as in the settings there.
   */
  static init(options) {
    CrossdockPlugin.options = { customerField: "emailAddress", ...options };
    return CrossdockPlugin;
  }

  constructor(eventBus, orderService) {
    this.eventBus = eventBus;
    this.orderService = orderService;
  }

  onApplicationBootstrap() {
    this.eventBus.ofType(OrderPlacedEvent).subscribe((event) => {
      this.tell(event).catch((error) => Logger.warn(`${event.order.code}: ${error.message}`, "Crossdock"));
    });
  }

  async tell({ ctx, order: { id, code } }) {
    for (let turn = 0; ; turn++) {
      try {
        const order = await this.orderService.findOne(ctx, id, RELATIONS);
        if (!order?.orderPlacedAt || order.active) throw new Error("The order does not stand as placed yet.");
        return await this.send(code, JSON.stringify({ order: this.render(order) }));
      } catch (error) {
        if (turn === TURNS - 1) throw error;
        await sleep(500 * 2 ** turn);
      }
    }
  }

  /** Signed as Standard Webhooks; the same id for every attempt. */
  async send(code, body) {
    const { url, secret } = CrossdockPlugin.options;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
    const signature = createHmac("sha256", key)
      .update(`placed-${code}.${timestamp}.${body}`)
      .digest("base64");
    const headers = {
      "content-type": "application/json",
      "webhook-id": `placed-${code}`,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    };
    const answer = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`Crossdock answers ${answer.status}.`);
  }

  /** The fields that Crossdock asks the admin API for. */
  render(order) {
    const { id, code, type, state, updatedAt, orderPlacedAt, currencyCode, subTotal, shipping } = order;
    const address = order.shippingAddress ?? {};
    return {
      ...{ id: String(id), code, type, state, updatedAt, orderPlacedAt, currencyCode, subTotal, shipping },
      customer: order.customer ? this.renderCustomer(order.customer) : null,
      shippingAddress: {
        company: address.company ?? null,
        fullName: address.fullName ?? null,
        countryCode: address.countryCode ?? null,
      },
      lines: order.lines.map((line) => ({
        id: String(line.id),
        updatedAt: line.updatedAt,
        quantity: line.quantity,
        orderPlacedQuantity: line.orderPlacedQuantity,
        unitPrice: line.unitPrice,
        productVariant: { sku: line.productVariant.sku, name: line.productVariant.name },
      })),
      surcharges: order.surcharges.map(({ id, description, sku, price }) => ({
        ...{ id: String(id), description, sku, price },
      })),
      shippingLines: order.shippingLines.map(({ id, price, shippingMethod }) => ({
        ...{ id: String(id), price, shippingMethod: { code: shippingMethod.code } },
      })),
      discounts: order.discounts.map(({ adjustmentSource, description, amount }) => ({
        ...{ adjustmentSource, description, amount },
      })),
    };
  }

  renderCustomer(customer) {
    const { id, firstName, lastName } = customer;
    const { customerField } = CrossdockPlugin.options;
    const shown = { id: String(id), firstName, lastName };
    if (customerField === "id") return { ...shown, key: String(id) };
    if (customerField === "emailAddress") return { ...shown, key: customer.emailAddress };
    return { ...shown, customFields: { key: customer.customFields[customerField] } };
  }
}

Reflect.defineMetadata("design:paramtypes", [EventBus, OrderService], CrossdockPlugin);
VendurePlugin({ imports: [PluginCommonModule], compatibility: "^3.0.0" })(CrossdockPlugin);

module.exports = { CrossdockPlugin };
