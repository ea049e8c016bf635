// Stands in for Example while the connector is written: what it keeps is gone when it ends. Replace it in the proofs with
// the address of the running product.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

interface Change {
  number: number;
  sku: string;
  place: string;
  quantity: number;
  at: string;
}

export async function startExample() {
  const changes: Change[] = [];
  const orders: { number: string }[] = [];
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://example");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = (status: number, body: unknown = {}) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.headers["x-api-key"] !== "secret") answer(401);
    else if (pathname === "/ping") answer(200);
    else if (pathname === "/changes") {
      const after = Number(searchParams.get("after"));
      answer(
        200,
        changes.filter(({ number }) => number > after),
      );
    } else if (request.method === "POST") {
      orders.push(JSON.parse(Buffer.concat(chunks).toString()) as { number: string });
      answer(201);
    } else {
      const number = decodeURIComponent(pathname.slice("/orders/".length));
      answer(orders.some((order) => order.number === number) ? 200 : 404);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** As if somebody had counted. */
    count(): Change {
      const number = changes.length + 1;
      const at = new Date().toISOString();
      const change = { number, sku: `SKU-${number}`, place: "EAST", quantity: number * 2, at };
      changes.push(change);
      return change;
    },
    ordersOf: (number: string): number => orders.filter((order) => order.number === number).length,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
