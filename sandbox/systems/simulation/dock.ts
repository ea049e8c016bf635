// The dock of a simulated warehouse: announced purchases and returns, and what really came in. What
// arrives may differ from what was announced, or not be announced at all; it is booked as counted.

import type { Condition, Floor } from "./floor.ts";
import { Refusal } from "./refusal.ts";

export type NoticeKind = "inbound" | "return";

interface NoticeLine {
  line?: string;
  sku: string;
  quantity: number;
}

export interface Notice {
  kind: NoticeKind;
  reference: string;
  /** The order that the goods come back from. */
  order?: string;
  expectedOn?: string;
  announcedAt: number;
  state: "announced" | "received";
  lines: NoticeLine[];
}

export interface Receipt {
  number: string;
  kind: NoticeKind;
  reference: string;
  order?: string;
  announced: boolean;
  receivedAt: number;
  lines: Array<{ line?: string; sku: string; quantity: number; condition: Condition }>;
}

export interface ReceiveCommand {
  reference: string;
  lines?: Array<NoticeLine & { condition?: Condition }>;
  condition?: Condition;
}

export interface DockHooks {
  receiptNumber: (kind: NoticeKind) => string;
  received: (receipt: Receipt) => void;
}

export class Dock {
  readonly notices = { inbound: new Map<string, Notice>(), return: new Map<string, Notice>() };
  readonly receipts: Receipt[] = [];
  private readonly floor: Floor;
  private readonly hooks: DockHooks;

  constructor(floor: Floor, hooks: DockHooks) {
    this.floor = floor;
    this.hooks = hooks;
  }

  clear(): void {
    this.notices.inbound.clear();
    this.notices.return.clear();
    this.receipts.length = 0;
  }

  /** A later notice with the same reference replaces the earlier one. */
  announce(kind: NoticeKind, notice: Omit<Notice, "kind" | "announcedAt" | "state">): Notice {
    const full: Notice = { ...notice, kind, announcedAt: Date.now(), state: "announced" };
    this.notices[kind].set(notice.reference, full);
    return full;
  }

  /** Books what came in: the lines given, else everything announced. */
  receive(kind: NoticeKind, command: ReceiveCommand): Receipt {
    const notice = this.notices[kind].get(command.reference);
    const lines = command.lines ?? notice?.lines;
    if (!lines || lines.length === 0) {
      throw new Refusal(404, "notFound", `Nothing is announced as ${command.reference}, so lines are needed`);
    }
    if (!command.lines && notice?.state === "received") {
      throw new Refusal(409, "alreadyReceived", `${command.reference} came in already; give lines for more`);
    }
    const receipt: Receipt = {
      number: this.hooks.receiptNumber(kind),
      kind,
      reference: command.reference,
      ...(notice?.order === undefined ? {} : { order: notice.order }),
      announced: notice !== undefined,
      receivedAt: Date.now(),
      lines: lines.map((line) => ({
        ...(line.line === undefined ? {} : { line: line.line }),
        sku: line.sku,
        quantity: line.quantity,
        condition: (line as { condition?: Condition }).condition ?? command.condition ?? "available",
      })),
    };
    for (const line of receipt.lines) this.floor.adjust(line.sku, line.quantity, line.condition);
    if (notice) notice.state = "received";
    this.receipts.push(receipt);
    this.hooks.received(receipt);
    return receipt;
  }
}
