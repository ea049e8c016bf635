import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CrossdockError } from "../../core/errors.ts";
import { fromOutput, fromSystem } from "./failure.ts";
import { startEmbedded } from "./start.ts";
import { answers, dataFolder, newHome, removeHomes } from "./starter-process.ts";

let home: string;
let url: string;
beforeAll(async () => {
  home = await newHome();
  const server = await startEmbedded({ home });
  url = server.url;
  await server.stop();
});
afterAll(removeHomes);

async function occupy(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.on("error", reject).listen(port, "127.0.0.1", resolve));
  return server;
}

it("a fixed port that is taken is named", async () => {
  const other = await occupy(0);
  const { port } = other.address() as { port: number };
  const refused = startEmbedded({ home, port });
  await expect(refused).rejects.toMatchObject({
    code: "postgres.port-taken",
    message: expect.stringContaining(String(port)),
  });
  other.close();
});

it("without a fixed one it takes another port than the last, when that is taken by now", async () => {
  const last = Number(new URL(url).port);
  const other = await occupy(last);
  const server = await startEmbedded({ home });
  expect(Number(new URL(server.url).port)).not.toBe(last);
  expect(await answers(server.url)).toBe(true);
  await server.stop();
  other.close();
});

it("data of another version is named with both versions, and left alone", async () => {
  const file = join(await dataFolder(home), "PG_VERSION");
  await writeFile(file, "15\n");
  await expect(startEmbedded({ home })).rejects.toMatchObject({
    code: "postgres.wrong-version",
    message: expect.stringMatching(/15.*18/s),
  });
  expect(await readFile(file, "utf8")).toBe("15\n");
  await writeFile(file, "18\n");
});

it("settings that the server refuses are told in its own words, and those put right work again", async () => {
  const local = join(await dataFolder(home), "..", "postgres.local.conf");
  await writeFile(local, "shared_buffers = 'plenty'\n");
  const refusal = await startEmbedded({ home }).catch((error: CrossdockError) => error);
  expect(refusal).toMatchObject({
    code: "postgres.start-failed",
    message: expect.stringMatching(/"shared_buffers": "plenty".*postgres\.log/),
  });
  await writeFile(local, "log_checkpoints = off\n");
  const server = await startEmbedded({ home });
  expect(await answers(server.url)).toBe(true);
  await server.stop();
});

it.each([
  ['FATAL:  could not write to file "pg_wal/xlogtemp.7": No space left on device', "postgres.no-space"],
  ['FATAL:  could not open file "x": Permission denied', "postgres.no-permission"],
  ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', "postgres.port-taken"],
  ["FATAL:  could not map anonymous shared memory: Cannot allocate memory", "postgres.start-failed"],
  ["", "postgres.start-failed"],
])("what the server says, %s, is %s", (output, code) => {
  expect(fromOutput(output, "/data", 5432).code).toBe(code);
});

it.each([
  ["ENOSPC", "postgres.no-space"],
  ["EDQUOT", "postgres.no-space"],
  ["EROFS", "postgres.no-permission"],
])("the file system's %s is %s", (code, expected) => {
  expect(fromSystem(Object.assign(new Error(code), { code }), "/data")).toMatchObject({ code: expected });
});
