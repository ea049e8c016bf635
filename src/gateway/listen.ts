// Listening, with a sentence for what may be in the way.
import { createServer, type Server } from "node:net";
import { CrossdockError } from "../core/errors.ts";
import type { Gateway } from "./server.ts";

export async function listen(gateway: Gateway, port: number, host: string): Promise<number> {
  try {
    return await gateway.listen(port, host);
  } catch (error) {
    throw explained(error, port, host);
  }
}

/** Listens for a moment: a node that cannot be reached should not take work from those that can. */
export async function tryAddress(port: number, host: string): Promise<void> {
  const server = createServer();
  try {
    await opened(server, port, host);
  } catch (error) {
    throw explained(error, port, host);
  }
  await new Promise((resolve) => server.close(resolve));
}

function opened(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

function explained(error: unknown, port: number, host: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return new CrossdockError(
      "gateway.port-taken",
      `Port ${port} on ${host} is taken; stop what uses it, or choose another with --port.`,
      { cause: error },
    );
  if (code === "EACCES")
    return new CrossdockError(
      "gateway.port-forbidden",
      `This account may not listen on port ${port}; choose one above 1023 with --port.`,
      { cause: error },
    );
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return new CrossdockError(
      "gateway.host-unknown",
      `This machine has no address ${host}; choose another with --host.`,
      { cause: error },
    );
  return error;
}
