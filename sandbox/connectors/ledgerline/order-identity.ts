// Who a sales order belongs to and what its lines are called outside: an order that we booked has our number as its
// CustomerReference and our line numbers as ExternalLine; one that was keyed in the ERP goes by the ERP's own.
import { type Fields, listOf, numberOf, textOf, textOr, without } from "../native-fields.ts";

/** What we sign our bookings with; CustomerReference alone is free text that anybody may use. */
export const CREATED_BY = "CROSSDOCK";

export interface OrderIdentity {
  document: string;
  orderId: string;
  isOurs: boolean;
  lines: LineIdentity[];
}

export interface LineIdentity {
  /** The ERP's. */
  number: string;
  isFreight: boolean;
  sku: string;
  /** Our line's, or charge's. */
  key: string;
}

export function identityOf(order: Fields): OrderIdentity {
  const document = textOf(order, "OrderNumber");
  const reference = textOr(order, "CustomerReference");
  const isOurs = reference !== undefined && textOr(order, "CreatedBy") === CREATED_BY;
  return {
    document,
    orderId: isOurs ? reference : document,
    isOurs,
    lines: listOf(order, "Lines").map((line) => {
      const number = numberOf(line, "LineNumber");
      return {
        number,
        isFreight: textOf(line, "LineType") === "FREIGHT",
        sku: textOf(line, "ItemNumber"),
        key: (isOurs ? textOr(line, "ExternalLine") : undefined) ?? number,
      };
    }),
  };
}

/** An order of nothing but freight moves no goods: it begins and ends in the ERP. */
export const isFreightAlone = ({ lines }: OrderIdentity): boolean => lines.every((line) => line.isFreight);

/** Moved by every posting; none of it is what was ordered. */
const FIGURES = ["DeliveredQuantity", "InvoicedQuantity", "CancelledQuantity"];

/** The order as it was made: the same however often it is read. */
export function documentOf(order: Fields): Fields {
  const lines = listOf(order, "Lines").map((line) => without(line, FIGURES));
  return { ...without(order, ["Status", "LastChangeDateTime"]), Lines: lines };
}

/** What invoices and credit memos need of their order; the same however often it is read. */
export function excerptOf(order: Fields): Fields {
  const { OrderNumber, CustomerReference, CreatedBy, CreationDateTime } = order;
  const lines = listOf(order, "Lines").map(({ LineNumber, LineType, ItemNumber, ExternalLine }) => ({
    LineNumber,
    LineType,
    ItemNumber,
    ExternalLine,
  }));
  return { OrderNumber, CustomerReference, CreatedBy, CreationDateTime, Lines: lines };
}
