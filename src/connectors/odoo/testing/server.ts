// A simulated Odoo over HTTP: JSON-2 as 19 has it, JSON-RPC as 14 has it, with the errors of each.
import { answerJson, startTestServer } from "../../../connector/testing-server.ts";
import { createOrder, methodsOf } from "./business.ts";
import { modelsOf } from "./models.ts";
import { Fault, type Row, Store, userError } from "./store.ts";

export interface SimulatedOdoo {
  url: string;
  store: Store;
  /** As Odoo's own people do it, not over HTTP. */
  createOrder(values: Record<string, unknown>): Row;
  run(model: string, method: string, id: number): unknown;
  close(): Promise<void>;
}

export const DATABASE = "shop";
export const API_KEY = "key";
export const USER = "crossdock";

type Named = Record<string, unknown>;

export async function startOdoo(version: "19" | "14"): Promise<SimulatedOdoo> {
  const store = new Store(modelsOf(version));
  const methods = methodsOf(version);

  function execute(model: string, method: string, ids: number[], named: Named): unknown {
    store.begin();
    if (!Object.hasOwn(store.models, model))
      throw new Fault(
        version === "19" ? "werkzeug.exceptions.NotFound" : "builtins.KeyError",
        404,
        `'${model}'`,
      );
    if (method.startsWith("_"))
      throw new Fault(
        "odoo.exceptions.AccessError",
        403,
        `Private methods (such as ${method}) cannot be called.`,
      );
    const context = (named.context ?? {}) as Named;
    const rows = () => ids.map((id) => store.get(model, id));
    switch (method) {
      case "search_read":
        return search(store, model, named, context);
      case "create":
        return (named.vals_list as Named[]).map(
          (values) =>
            (model === "sale.order" ? createOrder(store, values, version) : store.create(model, values)).id,
        );
      case "write":
        for (const row of rows()) write(store, model, row, named.vals as Named, version);
        return true;
    }
    const run = methods[`${model}.${method}`];
    if (run !== undefined) return run(store, rows(), context);
    const name = version === "19" ? "werkzeug.exceptions.NotFound" : "builtins.AttributeError";
    throw new Fault(name, 404, `The method '${model}.${method}' does not exist`);
  }

  const server = await startTestServer(({ url, headers, body }, response) => {
    const given = JSON.parse(body) as Named;
    if (version === "14") return answerJson(response, 200, jsonRpc(given, execute));
    const [, , , model, method] = url.split("/");
    if (headers["x-odoo-database"] !== DATABASE) {
      response.writeHead(404, { "content-type": "text/html" });
      return void response.end("<!doctype html><h1>Not Found</h1>");
    }
    if (headers.authorization !== `bearer ${API_KEY}`)
      return answerJson(response, 401, {
        name: "werkzeug.exceptions.Unauthorized",
        message: "Invalid apikey",
      });
    try {
      const { ids = [], ...named } = given;
      answerJson(response, 200, execute(model!, method!, ids as number[], named) ?? null);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const said = {
        name: error.python,
        message: error.message,
        arguments: [error.message],
        context: {},
        debug: "",
      };
      answerJson(response, error.status, said);
    }
  });
  seed(store);
  return {
    url: server.url,
    store,
    createOrder(values) {
      store.begin();
      return createOrder(store, values, version);
    },
    run: (model, method, id) => execute(model, method, [id], {}),
    close: () => server.close(),
  };
}

/** 200 whatever happens. */
function jsonRpc(
  given: Named,
  execute: (model: string, method: string, ids: number[], named: Named) => unknown,
): unknown {
  const { service, args } = given.params as { service: string; args: unknown[] };
  const answer = { jsonrpc: "2.0", id: given.id };
  const failed = (name: string, message: string) => {
    const data = { name, message, arguments: [message], context: {}, debug: "" };
    return { ...answer, error: { code: 200, message: "Odoo Server Error", data } };
  };
  if (args[0] !== DATABASE)
    return failed("psycopg2.OperationalError", `FATAL:  database "${args[0]}" does not exist`);
  if (service === "common") return { ...answer, result: args[1] === USER && args[2] === API_KEY ? 2 : false };
  if (args[1] !== 2 || args[2] !== API_KEY) return failed("odoo.exceptions.AccessDenied", "Access Denied");
  const [, , , model, method, positional, named] = args as [
    string,
    number,
    string,
    string,
    string,
    unknown[],
    Named,
  ];
  const [first, second] = positional;
  const values = method === "create" ? { vals_list: first } : method === "write" ? { vals: second } : {};
  const ids = method === "create" || method === "search_read" ? [] : (first as number[]);
  try {
    return { ...answer, result: execute(model, method, ids, { ...named, ...values }) ?? null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return failed(error.python, error.message);
  }
}

function search(store: Store, model: string, named: Named, context: Named): unknown {
  const found = store.search(model, named.domain as unknown[][], context);
  const orders = String(named.order ?? "id asc")
    .split(", ")
    .map((part) => part.split(" "));
  found.sort((a, b) => {
    for (const [field, way] of orders) {
      const [one, other] = [a[field!] as number, b[field!] as number];
      if (one !== other) return (one < other ? -1 : 1) * (way === "desc" ? -1 : 1);
    }
    return 0;
  });
  const limited = found.slice(0, (named.limit as number | undefined) ?? found.length);
  return limited.map((row) => store.shown(model, row, named.fields as string[]));
}

function write(store: Store, model: string, row: Row, values: Named, version: "19" | "14"): void {
  if (model === "sale.order.line" && Number(values.product_uom_qty) < Number(row.qty_delivered))
    throw userError("The ordered quantity cannot be decreased below the amount already delivered.");
  const before = Number(row.product_uom_qty);
  store.write(model, row, values);
  if (model !== "sale.order.line" || values.product_uom_qty === undefined) return;
  store.write("sale.order", store.get("sale.order", row.order_id), {});
  // 19 takes what is not ordered any more off the delivery; 14 leaves it to people.
  let less = before - Number(values.product_uom_qty);
  for (const move of store.rows("stock.move")) {
    if (version === "14" || move.sale_line_id !== row.id || move.state !== "assigned" || less <= 0) continue;
    const cut = Math.min(less, Number(move.product_uom_qty));
    less -= cut;
    const rest = Number(move.product_uom_qty) - cut;
    store.write("stock.move", move, { product_uom_qty: rest, quantity: rest });
  }
}

function seed(store: Store): void {
  store.begin();
  const pound = store.create("res.currency", { name: "GBP" });
  const company = store.create("res.company", { name: "Shop", currency_id: pound.id });
  store.create("product.pricelist", { name: "Public", currency_id: pound.id });
  store.create("res.country", { name: "France", code: "FR" });
  store.create("stock.warehouse", { name: "Main", code: "WH", company_id: company.id });
  store.create("stock.location", { name: "WH/Stock" });
  store.create("stock.location", { name: "Customers" });
  const unit = store.create("uom.uom", { name: "Units" });
  const product = (default_code: string, type: string) =>
    store.create("product.product", {
      name: default_code,
      default_code,
      type,
      sale_ok: true,
      uom_id: unit.id,
    });
  product("85123A", "consu");
  product("22423", "consu");
  product("FREIGHT", "service");
  store.create("res.partner", { name: "A shop", ref: "17850" });
}
