// The systems are told where to push, the warehouses write their stock, and the day waits until Crossdock has seen it.
import { setTimeout as sleep } from "node:timers/promises";
import { CrossdockError } from "../../src/core/errors.ts";
import type { Distributor } from "./distributor.ts";
import type { Installation } from "./installation.ts";

const OPENING_MAX_MS = 60_000;

interface Status {
  inventory?: { items: number };
}

export async function subscribe(
  distributor: Distributor,
  installation: Installation,
  items: number,
): Promise<void> {
  const { east, portal } = distributor.credentials;
  await put(`${distributor.systems.east.url}/api/subscription`, `Bearer ${east.token}`, {
    url: `${installation.url}/system/v1/east/webhooks/events`,
    secret: east.webhookSecret,
  });
  await put(`${distributor.systems.portal.url}/api/push-target`, `Token ${portal.token}`, {
    url: `${installation.url}/system/v1/portal/webhooks/events`,
  });
  await distributor.control("west", "stock-set", {});
  await openingSeen(distributor, installation, items);
}

async function put(url: string, authorization: string, body: unknown): Promise<void> {
  const answer = await fetch(url, {
    method: "PUT",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok)
    throw new CrossdockError(
      "demo.system-refused",
      `PUT ${url} answered ${answer.status}: ${await answer.text()}`,
    );
}

/** Every SKU's stock at all three places has reached the portal as what it may sell. */
async function openingSeen(
  distributor: Distributor,
  installation: Installation,
  items: number,
): Promise<void> {
  const until = performance.now() + OPENING_MAX_MS;
  for (;;) {
    const seen = await installation.ask<{ items: { sku: string }[] }>("GET", "/ops/v1/status");
    const { inventory } = seen as unknown as Status;
    const { stock } = await distributor.portal<{ stock: unknown[]; total?: number }>(
      "GET",
      "stock?perPage=1",
    );
    if (stock.length > 0 && (inventory === undefined || inventory.items >= items)) break;
    if (performance.now() > until)
      throw new CrossdockError(
        "demo.no-stock",
        "Crossdock has not seen the opening stock within a minute; its log is beside the demo's data.",
      );
    await sleep(200);
  }
  await sleep(2_000);
}
