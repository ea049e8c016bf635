// A real HTTP server on a free port, for tests: answers as it is told, and can break off in every way.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export type Handle = (request: SeenRequest, response: ServerResponse, socket: Socket) => void | Promise<void>;

export interface TestServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Connections that were made so far. */
  readonly connections: number;
  /** Answers everything from now on. */
  handle(handle: Handle): void;
  close(): Promise<void>;
}

export async function startTestServer(
  first: Handle = (_, response) => void response.end(),
): Promise<TestServer> {
  let handle = first;
  let connections = 0;
  const seen: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = incoming;
    const request = { method, url, headers, body: Buffer.concat(chunks).toString("utf8") };
    seen.push(request);
    await handle(request, response, incoming.socket);
  });
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    get connections() {
      return connections;
    },
    handle(next) {
      handle = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
