import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archiveFile, type DropFolderOptions, readDropFolder, writeFileAtomically } from "./files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "crossdock-drop-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = (change: Partial<DropFolderOptions> = {}) =>
  readDropFolder(folder, { settleMs: 0, filesMax: 100, bytesMax: 1_000, ...change });
const namesOf = async (change: Partial<DropFolderOptions> = {}) =>
  (await read(change)).files.map(({ name }) => name);
const drop = (name: string, content = "x") => writeFile(join(folder, name), content);

describe("reading", () => {
  test("takes whole files by name, and nothing that is hidden, temporary or a folder", async () => {
    await Promise.all(["b.csv", "a.csv", ".c.csv", "d.csv.tmp", "e.txt"].map((name) => drop(name, name)));
    await mkdir(join(folder, "f.csv"));
    const { files, more } = await read({ accepts: (name) => name.endsWith(".csv") });
    expect(files.map(({ name, bytes }) => [name, bytes.toString()])).toEqual([
      ["a.csv", "a.csv"],
      ["b.csv", "b.csv"],
    ]);
    expect(more).toBe(false);
  });

  test("in portions, and says that there is more", async () => {
    for (const name of ["1", "2", "3"]) await drop(name);
    expect(await read({ filesMax: 2 })).toMatchObject({ files: [{ name: "1" }, { name: "2" }], more: true });
  });

  test("leaves a file that is still written, and takes it when it is still", async () => {
    await drop("growing");
    await drop("old");
    await utimes(join(folder, "old"), new Date(0), new Date(0));
    const writing = delay(60).then(() => appendFile(join(folder, "growing"), "y"));
    expect(await namesOf({ settleMs: 200 })).toEqual(["old"]);
    await writing;
    const { files } = await read({ settleMs: 200 });
    expect(files.map(({ bytes }) => bytes.toString())).toEqual(["xy", "x"]);
  });

  test("a file from the future is taken all the same, once it is still", async () => {
    await drop("future");
    const future = new Date(Date.now() + 86_400_000);
    await utimes(join(folder, "future"), future, future);
    expect(await namesOf({ settleMs: 50 })).toEqual(["future"]);
  });

  test("does not read what is too large, and says so", async () => {
    await drop("huge", "x".repeat(2_000));
    await drop("small");
    expect(await read()).toMatchObject({ files: [{ name: "small" }], tooLarge: ["huge"] });
  });

  test("a file that goes while it waits is somebody else's", async () => {
    await drop("gone");
    const removing = delay(30).then(() => rm(join(folder, "gone")));
    expect(await namesOf({ settleMs: 100 })).toEqual([]);
    await removing;
  });

  test("the same name written again is another version", async () => {
    await drop("stock.csv", "1");
    const [first] = (await read()).files;
    await delay(10);
    await drop("stock.csv", "2");
    const [second] = (await read()).files;
    expect(second!.version).not.toBe(first!.version);
  });

  test("a folder that is not there throws", async () => {
    await expect(
      readDropFolder(join(folder, "none"), { settleMs: 0, filesMax: 1, bytesMax: 1 }),
    ).rejects.toThrow("ENOENT");
  });

  test("stops waiting when it is told to", async () => {
    await drop("young");
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(), 20);
    await expect(namesOf({ settleMs: 5_000, signal: cancel.signal })).rejects.toThrow();
  });
});

describe("archiving", () => {
  const archive = () => join(folder, "archive");

  test("moves what was read, and bears repetition", async () => {
    await drop("stock.csv", "1");
    const [file] = (await read()).files;
    await archiveFile(file!, archive());
    await archiveFile(file!, archive());
    const [kept, ...others] = await readdir(archive());
    expect(others).toEqual([]);
    expect(kept).toMatch(/^\d{8}T\d{6}\.\d{3}Z-\d+-stock\.csv$/);
    expect(await readFile(join(archive(), kept!), "utf8")).toBe("1");
    expect(await namesOf()).toEqual([]);
  });

  test("leaves a newer file of the same name, which nobody has read", async () => {
    await drop("stock.csv", "1");
    const [first] = (await read()).files;
    await drop("stock.csv", "2222");
    await archiveFile(first!, archive());
    expect((await read()).files.map(({ bytes }) => bytes.toString())).toEqual(["2222"]);
  });

  test("the same name every day does not overwrite itself", async () => {
    for (const content of ["1", "22"]) {
      await drop("stock.csv", content);
      for (const file of (await read()).files) await archiveFile(file, archive());
    }
    expect(await readdir(archive())).toHaveLength(2);
  });
});

describe("writing", () => {
  test("puts a whole file in place of an older one, and leaves nothing beside it", async () => {
    const path = join(folder, "order.csv");
    expect(await writeFileAtomically(path, "1")).toBe(true);
    expect(await writeFileAtomically(path, Buffer.from("22"))).toBe(true);
    expect(await readFile(path, "utf8")).toBe("22");
    expect(await readdir(folder)).toEqual(["order.csv"]);
  });

  test("keeps what is there where it is told to", async () => {
    const path = join(folder, "order.csv");
    expect(await writeFileAtomically(path, "first", { ifAbsent: true })).toBe(true);
    expect(await writeFileAtomically(path, "second", { ifAbsent: true })).toBe(false);
    expect(await readFile(path, "utf8")).toBe("first");
    expect(await readdir(folder)).toEqual(["order.csv"]);
  });

  test("of many writers of one name exactly one is first, and readers never see half a file", async () => {
    const path = join(folder, "order.csv");
    const writes = Array.from({ length: 20 }, (_, index) =>
      writeFileAtomically(path, String(index).repeat(50_000), { ifAbsent: true }),
    );
    expect((await Promise.all(writes)).filter(Boolean)).toHaveLength(1);
    const seen = await readFile(path, "utf8");
    expect(new Set(seen).size).toBeLessThanOrEqual(2);
    expect(seen.length % 50_000).toBe(0);
  });

  test("a folder that is not there throws", async () => {
    await expect(writeFileAtomically(join(folder, "none", "a"), "x")).rejects.toThrow("ENOENT");
  });
});
