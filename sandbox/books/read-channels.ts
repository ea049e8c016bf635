// What the channels hold: Tradefront, the portal, with what it shows as sellable, and Relata, the CRM. Drafts
// in the CRM are no orders yet and are left out.
import { type Asked, ask } from "./ask.ts";
import type { ChannelOrder, Portal } from "./facts.ts";
import { BooksError } from "./failure.ts";
import { countOf, exactOf, type Fields, fieldsOf, flagOf, listOf, textOf, textOr } from "./fields.ts";

const PORTAL_PAGE = 500;

export async function readPortal(url: string, token: string): Promise<Portal> {
  const portal: Asked = { name: "the portal", url, headers: { authorization: `Token ${token}` } };
  const toRequest = (request: Fields) => ({ acknowledged: flagOf(request, "acknowledged") });
  const rows = await readPages(portal, "api/stock", "stock", (row) => ({
    sku: textOf(row, "articleNo"),
    units: exactOf(row, "sellable"),
  }));
  return {
    orders: await readPages(portal, "api/orders", "orders", toPortalOrder),
    requests: [
      ...(await readPages(portal, "api/cancel-requests", "requests", toRequest)),
      ...(await readPages(portal, "api/return-requests", "requests", toRequest)),
    ],
    sellable: new Map(rows.map(({ sku, units }) => [sku, units])),
  };
}

async function readPages<T>(
  portal: Asked,
  path: string,
  name: string,
  make: (fields: Fields) => T,
): Promise<T[]> {
  const rows: T[] = [];
  for (let number = 1, pages = 1n; BigInt(number) <= pages; number++) {
    const answer = await ask(portal, `${path}?perPage=${PORTAL_PAGE}&page=${number}`);
    const page = fieldsOf(answer, `portal ${path}`);
    pages = countOf(page, "pages");
    rows.push(...listOf(page, name).map(make));
  }
  return rows;
}

function toPortalOrder(fields: Fields): ChannelOrder {
  return {
    names: [textOf(fields, "orderNo")],
    purchaseOrder: textOr(fields, "poNumber"),
    acknowledged: flagOf(fields, "acknowledged"),
  };
}

export interface CrmKeys {
  clientId: string;
  clientSecret: string;
}

export async function readCrm(url: string, keys: CrmKeys): Promise<ChannelOrder[]> {
  const crm: Asked = { name: "the CRM", url, headers: {} };
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: keys.clientId,
    client_secret: keys.clientSecret,
  });
  const granted = fieldsOf(await ask(crm, "oauth/token", { method: "POST", body: form }), "CRM token");
  crm.headers.authorization = `Bearer ${textOf(granted, "access_token")}`;

  const orders: ChannelOrder[] = [];
  const seen = new Set<string>();
  for (let token: string | undefined = ""; token !== undefined; ) {
    const page: Fields = fieldsOf(await ask(crm, `services/data/orders${token}`), "CRM orders");
    for (const record of listOf(page, "records")) {
      // A record that changes between two pages comes again at the end.
      const id = textOf(record, "id");
      if (seen.has(id) || textOf(record, "stage") !== "activated") continue;
      seen.add(id);
      orders.push({
        names: [id, textOf(record, "order_number")],
        purchaseOrder: textOr(record, "customer_po") || textOr(record, "external_reference"),
        acknowledged: true,
      });
    }
    const next: string = textOr(page, "next_page_token");
    if (!flagOf(page, "done") && next === "")
      throw new BooksError("books.shape", "CRM orders end in the middle.");
    token = next === "" ? undefined : `?page_token=${encodeURIComponent(next)}`;
  }
  return orders;
}
