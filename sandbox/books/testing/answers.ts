// What the books read of Crossdock, as a document that a test can change, and a server that answers with it.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface OrderAnswer {
  orderId: string;
  status: string;
  channel: string;
  reference: string;
  purchaseOrder: string;
  lines: LineAnswer[];
  releases: {
    location: string;
    number: number;
    state: string;
    lines: { lineId: string; sku: string; quantity: string }[];
  }[];
  shipments: { shipmentId: string; location: string; deliveredAt: string | null }[];
  invoices: { invoice: string; kind: string; total: string }[];
}

interface LineAnswer {
  lineId: string;
  sku: string;
  quantity: string;
  price: string;
  priceUnit: number;
  cancelled: string;
  backordered: string;
  promisedAt: string | null;
  shipped: string;
  invoiced: string;
  credited: string;
  places: { location: string; allocated: string; released: string; shipped: string }[];
}

interface ItemAnswer {
  sku: string;
  available: string;
  locations: { location: string; onHand: string; reserved: string }[];
}

interface ExceptionAnswer {
  code: string;
  category: string;
  key: string;
  title: string;
  detail: Record<string, unknown>;
}

interface StreamAnswer {
  system: string;
  received: number;
  recorded: number;
  duplicate: number;
  conflict: number;
  rejected: number;
  nativeMapped: number;
  nativeIgnored: number;
  nativeFailed: number;
  nativeDuplicate: number;
  topics?: { topic: string; mapped: number; ignored: number; failed: number }[];
}

interface TargetAnswer {
  target: string;
  flow: string;
  routed: number;
  delivered: number;
  merged: number;
  parked: number;
  skipped: number;
  waiting: number;
}

export interface Answers {
  orders: OrderAnswer[];
  items: ItemAnswer[];
  exceptions: ExceptionAnswer[];
  intake: StreamAnswer[];
  deliveries: TargetAnswer[];
}

export const KEY = "books-test-key";

export interface AnsweringServer {
  url: string;
  answers: Answers;
  stop(): Promise<void>;
}

/** Pages of two, so that every reading goes through a cursor. */
const PAGE = 2;

export async function startAnswering(): Promise<AnsweringServer> {
  const answers: Answers = { orders: [], items: [], exceptions: [], intake: [], deliveries: [] };
  const server: Server = createServer((request, response) => {
    const address = new URL(request.url!, "http://localhost");
    const isKnown = request.headers.authorization === `Bearer ${KEY}`;
    const body = isKnown ? answer(answers, address) : undefined;
    response.writeHead(isKnown ? (body === undefined ? 404 : 200) : 401, {
      "content-type": "application/json",
    });
    response.end(JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(answers: Answers, { pathname, searchParams }: URL): unknown {
  const page = (rows: unknown[]) => {
    const from = Number(searchParams.get("cursor") ?? 0);
    const next = from + PAGE;
    return {
      items: rows.slice(from, next),
      ...(next < rows.length ? { next: String(next) } : {}),
    };
  };
  if (pathname === "/process/v1/orders") return page(answers.orders);
  if (pathname === "/ops/v1/exceptions") {
    return searchParams.get("open") === "true" ? page(answers.exceptions) : undefined;
  }
  if (pathname === "/ops/v1/books") return { intake: answers.intake, deliveries: answers.deliveries };
  if (pathname !== "/process/v1/availability") return undefined;
  const nothing = (sku: string): ItemAnswer => ({ sku, available: "0", locations: [] });
  const items = searchParams.getAll("sku");
  return { items: items.map((sku) => answers.items.find((item) => item.sku === sku) ?? nothing(sku)) };
}
