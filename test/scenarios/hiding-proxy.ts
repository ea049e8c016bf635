// A system of which some records are not to be seen: lists pass through, without those of the hidden numbers.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Named {
  OrderNumber?: string;
}

export class HidingProxy {
  /** Gone from every answer. */
  readonly gone = new Set<string>();
  /** Not to be seen by who asks for changes. */
  readonly unchanged = new Set<string>();
  /** Queries by creation, which are those of a census. */
  censuses = 0;
  /** Queries by change, which are those of polls. */
  changes = 0;
  /** Censuses are answered with 503. */
  ill = false;
  /** Censuses wait for it. */
  held: Promise<void> | undefined;
  private readonly server: Server;

  constructor(target: string) {
    this.server = createServer((request, response) => {
      this.pass(target, request).then(
        ({ status, text }) => response.writeHead(status, { "content-type": "application/json" }).end(text),
        () => response.destroy(),
      );
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(target: string, request: IncomingMessage): Promise<{ status: number; text: string }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = decodeURIComponent(request.url!.replaceAll("+", " "));
    const isCensus = path.includes("CreationDateTime ge");
    if (isCensus) {
      this.censuses += 1;
      if (this.ill) return { status: 503, text: "{}" };
      await this.held;
    }
    if (path.includes("LastChangeDateTime ge")) this.changes += 1;
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method!,
      headers: { apikey: String(request.headers.apikey), "content-type": "application/json" },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const text = await answer.text();
    if (request.method !== "GET" || !path.includes("/SalesOrders?")) return { status: answer.status, text };
    const body = JSON.parse(text) as { value: Named[] };
    const isHidden = ({ OrderNumber = "" }: Named) =>
      this.gone.has(OrderNumber) || (!isCensus && this.unchanged.has(OrderNumber));
    return {
      status: answer.status,
      text: JSON.stringify({ ...body, value: body.value.filter((row) => !isHidden(row)) }),
    };
  }
}
