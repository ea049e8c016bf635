// A wire between a client and a server, on which a test can act when it sees certain words go by.
import { connect, createServer, type Socket } from "node:net";

export interface Wire {
  port: number;
  /** Before the client's words with `words` in them are handed on. Once; resolves what it waited for. */
  before(words: string, act: () => Promise<void>): void;
  /** The server's words that fit are others. */
  rewrite(pattern: RegExp, by: string): void;
  close(): Promise<void>;
}

export async function wireTo(port: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let waiting: { words: string; act: () => Promise<void> } | undefined;
  let rewriting: { pattern: RegExp; by: string } | undefined;
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    upstream.on("data", (chunk: Buffer) => {
      if (rewriting === undefined) client.write(chunk);
      else
        client.write(
          Buffer.from(chunk.toString("latin1").replace(rewriting.pattern, rewriting.by), "latin1"),
        );
    });
    let turn = Promise.resolve();
    client.on("data", (chunk: Buffer) => {
      turn = turn.then(async () => {
        const seen = waiting;
        if (seen !== undefined && chunk.toString("latin1").includes(seen.words)) {
          waiting = undefined;
          await seen.act();
        }
        if (upstream.writable) upstream.write(chunk);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    before(words, act) {
      waiting = { words, act };
    },
    rewrite(pattern, by) {
      rewriting = { pattern, by };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
