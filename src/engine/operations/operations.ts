// The operations of one node as its gateway asks for them. The command line asks the same functions beside it.
import type { Order } from "../../domains/order/state.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import {
  type CodeChangeRow,
  type CodeRow,
  type CodeWish,
  pageCodeChanges,
  pageCodes,
} from "../../store/code.ts";
import { type ExceptionFilter, type ExceptionRow, pageExceptions } from "../../store/exception.ts";
import { type OrderFilter, pageOrders, readOrder } from "../../store/order.ts";
import type { ReplayPreview, ReplayResult, ReplayScope, StuckPreview } from "../delivery/replay.ts";
import type { CrossdockNode, NodeStatus } from "../node.ts";
import { type Availability, type AvailabilityQuestion, readAvailability } from "./availability.ts";
import { type Books, drawBooks } from "./books.ts";
import { applyCodes, type CodesChanged } from "./codes.ts";
import {
  type DeliveryDetail,
  type DeliveryFilter,
  type DeliverySummary,
  pageDeliveries,
  readDelivery,
} from "./deliveries.ts";
import { type Released, releaseKey } from "./held-key.ts";
import { type ReceiptDocument, readReceipt } from "./receipt.ts";
import { type Remapped, type RemapScope, remapReceipts } from "./remap.ts";
import { fingerprintOf, openReplays, retryDelivery, skipDelivery } from "./replays.ts";
import { type InstallationStatus, installationStatus } from "./status.ts";
import { type Trace, trace } from "./trace.ts";

export interface Operations {
  /** Rejects where the database does not answer. */
  ping(): Promise<void>;
  order(company: string, orderId: string): Promise<Order | null>;
  orders(filter: OrderFilter): Promise<Order[]>;
  availability(question: AvailabilityQuestion): Promise<Availability[]>;
  status(): Promise<InstallationStatus & { node: NodeStatus }>;
  deliveries(filter: DeliveryFilter): Promise<DeliverySummary[]>;
  delivery(id: string): Promise<DeliveryDetail | null>;
  exceptions(filter: ExceptionFilter): Promise<ExceptionRow[]>;
  trace(term: string, company: string | undefined): Promise<Trace | null>;
  receipt(id: string): Promise<ReceiptDocument | null>;
  books(range: { from: string; to: string }): Promise<Books>;
  releaseKey(key: string): Promise<Released>;
  retry(id: string): Promise<void>;
  skip(id: string, reason: string): Promise<void>;
  previewReplay(scope: ReplayScope): Promise<ReplayPreview>;
  replay(scope: ReplayScope): Promise<ReplayResult>;
  /** What an exception holds back. */
  previewException(id: string): Promise<StuckPreview>;
  releaseException(id: string): Promise<number>;
  remap(scope: RemapScope, execute: boolean): Promise<Remapped>;
  codes(filter: Parameters<typeof pageCodes>[1]): Promise<CodeRow[]>;
  codeChanges(filter: Parameters<typeof pageCodeChanges>[1]): Promise<CodeChangeRow[]>;
  /** Without `execute` only shown. */
  changeCodes(by: string, wishes: readonly CodeWish[], execute: boolean): Promise<CodesChanged>;
}

export interface OperationsOptions {
  db: Database;
  integration: Integration;
  node: Pick<CrossdockNode, "status" | "rules" | "sources" | "deliveries">;
}

export function openOperations({ db, integration, node }: OperationsOptions): Operations {
  const sessions = new Map([...node.sources].map(([system, { session }]) => [system, session]));
  const replays = openReplays({ db, integration, sessions, owner: node.deliveries });
  return {
    async ping() {
      await db.query("select 1");
    },
    order: async (company, orderId) => (await readOrder(db, company, orderId))?.order ?? null,
    orders: async (filter) => (await pageOrders(db, filter)).map(({ order }) => order),
    availability: (question) => readAvailability(db, integration, question),
    status: async () => ({ ...(await installationStatus(db, integration)), node: node.status() }),
    deliveries: (filter) => pageDeliveries(db, filter),
    delivery: (id) => readDelivery(db, id),
    exceptions: (filter) => pageExceptions(db, filter),
    trace: (term, company) =>
      trace(db, term, { company: company ?? integration.company, systems: Object.keys(integration.systems) }),
    receipt: (id) => readReceipt(db, id),
    books: (range) => drawBooks(db, range),
    releaseKey: (key) => releaseKey(db, node.rules, key),
    retry: (id) => retryDelivery(db, replays, id),
    skip: (id, reason) => skipDelivery(db, replays, id, reason),
    previewReplay: (scope) => replays.preview(scope),
    replay: (scope) => replays.replay(scope),
    previewException: async (id) => replays.previewStuck({ problem: await fingerprintOf(db, id) }),
    releaseException: async (id) => replays.release({ problem: await fingerprintOf(db, id) }),
    remap: (scope, execute) => remapReceipts(db, node.sources, scope, execute),
    codes: (filter) => pageCodes(db, filter),
    codeChanges: (filter) => pageCodeChanges(db, filter),
    changeCodes: (by, wishes, execute) => applyCodes(db, by, wishes, execute),
  };
}
