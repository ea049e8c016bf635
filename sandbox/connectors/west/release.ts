// Gives WEST orders to ship. That an order was taken, or will not be, is told by WEST's own answer file on its way in.
import type {
  ConnectorContext,
  OutboundMessage,
  ReleasePayload,
  ReturnAdvicePayload,
} from "../../../src/connector/index.ts";
import { piecesOf } from "./pieces.ts";
import type { Post, Posted } from "./post.ts";
import { ordinalOf, writeCell, writeReference } from "./reference.ts";

export function releasePost(context: ConnectorContext): Post {
  return {
    kind: "ORD",
    render: (message) => renderOrder(message as OutboundMessage<ReleasePayload>, context),
    // The order goes on without WEST: there is nothing here that sending again could mend.
    refused: () => ({ kind: "done" }),
  };
}

function renderOrder(
  { key, payload }: OutboundMessage<ReleasePayload>,
  context: ConnectorContext,
): Posted | string {
  const ordinal = ordinalOf(key);
  if (ordinal === undefined) return `the key ${key} names no release`;
  const { orderId, customer } = payload;
  const number = writeReference({ company: foreign(payload.company, context), orderId, ordinal });
  const rows: Record<string, string>[] = [];
  for (const line of payload.lines) {
    const pieces = piecesOf(line);
    if (typeof pieces === "string") return pieces;
    rows.push({
      ORDER: number,
      LINE: writeCell(line.lineId),
      ARTICLE: line.sku,
      QTY: String(pieces),
      PARTIAL: "Y",
      NAME: customer?.name ?? customer?.id ?? orderId,
      COUNTRY: customer?.country ?? "",
      DUE: "",
    });
  }
  return { number, rows };
}

export function returnPost(context: ConnectorContext): Post {
  return {
    kind: "RAD",
    render: (message) => renderAdvice(message as OutboundMessage<ReturnAdvicePayload>, context),
    refused: (_, { reason }) => ({ kind: "refused", code: "west.rejected", reason }),
  };
}

function renderAdvice(
  { payload }: OutboundMessage<ReturnAdvicePayload>,
  context: ConnectorContext,
): Posted | string {
  const number = writeReference({ company: "", orderId: payload.returnId, ordinal: 0 });
  const company = foreign(payload.company, context);
  const order = writeReference({ company, orderId: payload.orderId, ordinal: 0 });
  const rows: Record<string, string>[] = [];
  for (const line of payload.lines) {
    const pieces = piecesOf(line);
    if (typeof pieces === "string") return pieces;
    rows.push({
      ADVICE: number,
      ORDER: order,
      LINE: writeCell(line.lineId),
      ARTICLE: line.sku,
      QTY: String(pieces),
    });
  }
  return { number, rows };
}

const foreign = (company: string, context: ConnectorContext): string =>
  company === context.company ? "" : company;
