// Stands before a system and passes everything on, but changes what one resource answers.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Altering {
  url: string;
  stop(): Promise<void>;
}

/** Gets the parsed body of every answer whose path holds `path`. */
// biome-ignore lint/suspicious/noExplicitAny: native shapes of every kind.
export type Change = (body: any) => void;

export async function startAltering(url: string, path: string, change: Change): Promise<Altering> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { host: _host, connection: _connection, ...headers } = request.headers as Record<string, string>;
    const answer = await fetch(`${url}${request.url}`, {
      method: request.method!,
      headers,
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    let text = await answer.text();
    if (request.url!.includes(path)) {
      const body = JSON.parse(text);
      change(body);
      text = JSON.stringify(body);
    }
    response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
