// One PostgreSQL for the whole run: the one in DATABASE_URL, else an embedded one that is stopped at the end.
import { fileURLToPath } from "node:url";
import { removeEmbedded, startEmbedded } from "../../src/postgres/embedded/start.ts";
import { dropForgotten, SERVER_VARIABLE } from "../../src/postgres/testing.ts";

const home = fileURLToPath(new URL("../../.crossdock/test", import.meta.url));

export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.DATABASE_URL !== undefined) {
    await dropForgotten(process.env.DATABASE_URL);
    return async () => undefined;
  }
  // Another run may be using the same server: whichever ends last stops it.
  const server = await startEmbedded({ home, hold: true });
  process.env[SERVER_VARIABLE] = server.url;
  await dropForgotten(server.url);
  return async () => {
    await server.stop();
    // A clean checkout runs once, and root's data does not lie in it.
    if (process.env.CI !== undefined) await removeEmbedded(home);
  };
}
