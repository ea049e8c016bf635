// The systems are told where to push, the warehouses write their stock, and the day waits until Crossdock has seen it.
import { setTimeout as sleep } from "node:timers/promises";
import { CrossdockError } from "../../src/core/errors.ts";
import type { Distributor } from "./distributor.ts";
import type { Installation } from "./installation.ts";

const OPENING_MAX_MS = 60_000;
const SKUS_ASKED = 100;
const PLACES = 3;

interface Availability {
  items: { sku: string; locations: { location: string }[] }[];
}

export async function subscribe(
  distributor: Distributor,
  installation: Installation,
  skus: string[],
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
  await openingSeen(installation, skus);
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

/** Crossdock knows what every SKU's stock is at all places. */
async function openingSeen(installation: Installation, skus: string[]): Promise<void> {
  const until = performance.now() + OPENING_MAX_MS;
  for (let at = 0; at < skus.length; ) {
    const asked = skus.slice(at, at + SKUS_ASKED).map((sku) => `sku=${encodeURIComponent(sku)}`);
    const { items } = await installation.ask<Availability>(
      "GET",
      `/process/v1/availability?${asked.join("&")}`,
    );
    const seen = items.filter(
      ({ locations }) => new Set(locations.map(({ location }) => location)).size === PLACES,
    ).length;
    if (seen === asked.length) at += SKUS_ASKED;
    else if (performance.now() > until) {
      throw new CrossdockError(
        "demo.no-stock",
        "Crossdock has not seen the opening stock within a minute; its log is beside the demo's data.",
      );
    } else await sleep(200);
  }
}
