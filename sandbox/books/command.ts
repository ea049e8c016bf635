// The books from a command line: options in, the page or JSON out. The answer is the exit code: 0 where the books
// balance, 1 where they do not, 2 with one sentence where they cannot be drawn up.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type BooksRequest, type Buffer, drawBooks } from "./books.ts";
import { BooksError } from "./failure.ts";
import { fieldsOf, textOf } from "./fields.ts";
import { render } from "./render.ts";

const USAGE = `usage: node sandbox/books/check.ts --input FILE --systems FILE.json --crossdock URL --key KEY
         [--orders N] [--last-row N] [--buffers FILE.json] [--json]
--systems   what sandbox/systems/main.ts writes: {"systems": {"erp": {"url": …}, …}, "credentials": …}
--buffers   what is kept from the portal: [{"sku": …, "quantity": "2", "percent": "5"}, …]`;

const names = ["erp", "crm", "east", "partner", "portal"] as const;

async function readRequest(args: string[]): Promise<{ request: BooksRequest; asJson: boolean }> {
  const { values } = parseArgs({
    args,
    options: {
      input: { type: "string" },
      systems: { type: "string" },
      crossdock: { type: "string" },
      key: { type: "string" },
      orders: { type: "string" },
      "last-row": { type: "string" },
      buffers: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { input, systems, crossdock, key } = values;
  for (const [name, value] of Object.entries({ input, systems, crossdock, key })) {
    if (value === undefined) throw new BooksError("books.usage", `--${name} is missing`);
  }
  const ordersMax = readCount("orders", values.orders);
  const lastRow = readCount("last-row", values["last-row"]);
  const request: BooksRequest = {
    inputFile: input!,
    ...readSystems(systems!, await readJson(systems!)),
    crossdock: { url: crossdock!, key: key! },
    ...(ordersMax === undefined ? {} : { ordersMax }),
    ...(lastRow === undefined ? {} : { lastRow }),
    ...(values.buffers === undefined ? {} : { buffers: await readBuffers(values.buffers) }),
  };
  return { request, asJson: values.json };
}

function readCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new BooksError("books.usage", `--${name} must be a whole number above 0`);
  }
  return Number(text);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new BooksError("books.usage", `${file} cannot be read as JSON`, { cause: error });
  }
}

function readSystems(file: string, content: unknown): Pick<BooksRequest, "systems" | "keys"> {
  const whole = fieldsOf(content, file);
  const systems = fieldsOf(whole.values.systems, `${file}: systems`);
  const credentials = fieldsOf(whole.values.credentials, `${file}: credentials`);
  const system = (name: string) => fieldsOf(systems.values[name], `${systems.at}.${name}`);
  const secret = (name: string, field: string) =>
    textOf(fieldsOf(credentials.values[name], `${credentials.at}.${name}`), field);
  const urls = Object.fromEntries(names.map((name) => [name, textOf(system(name), "url")]));
  const west = system("west");
  return {
    systems: {
      ...(urls as Record<(typeof names)[number], string>),
      west: {
        url: textOf(west, "url"),
        ...(west.values.folder === undefined ? {} : { folder: textOf(west, "folder") }),
      },
    },
    keys: {
      erp: { apiKey: secret("erp", "apiKey") },
      crm: { clientId: secret("crm", "clientId"), clientSecret: secret("crm", "clientSecret") },
      east: { token: secret("east", "token") },
      partner: { apiKey: secret("partner", "apiKey") },
      portal: { token: secret("portal", "token") },
    },
  };
}

async function readBuffers(file: string): Promise<Buffer[]> {
  const rules = await readJson(file);
  if (!Array.isArray(rules)) throw new BooksError("books.usage", `${file} must hold a list of buffers`);
  return rules.map((rule, index) => {
    const fields = fieldsOf(rule, `${file}[${index}]`);
    const given = (["sku", "quantity", "percent"] as const).filter(
      (name) => fields.values[name] !== undefined,
    );
    return Object.fromEntries(given.map((name) => [name, textOf(fields, name)]));
  });
}

interface Output {
  write(text: string): unknown;
}

export async function runCheck(args: string[], out: Output, err: Output): Promise<0 | 1 | 2> {
  try {
    const { request, asJson } = await readRequest(args);
    const books = await drawBooks(request);
    out.write(asJson ? `${JSON.stringify(books)}\n` : render(books));
    return books.balanced ? 0 : 1;
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    const isUsage = code === "books.usage" || code.startsWith("ERR_PARSE_ARGS");
    if (!isUsage && !(error instanceof BooksError)) throw error;
    err.write(`${(error as Error).message}\n${isUsage ? `${USAGE}\n` : ""}`);
    return 2;
  }
}
