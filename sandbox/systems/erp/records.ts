// The native records of Ledgerline. Every field is always present; what is not known is null.
// Times are "/Date(ms)/" in whole seconds, dates "YYYY-MM-DD", money and quantities JSON numbers.

export interface Dated {
  ID: number;
  LastChangeDateTime: string;
}

export interface Customer extends Dated {
  CustomerNumber: string;
  Name: string;
  CountryCode: string | null;
  Currency: string;
  CreditLimit: number | null;
  Blocked: boolean;
}

export interface Item extends Dated {
  ItemNumber: string;
  Description: string;
  BaseUnit: string;
  StandardPrice: number;
  Status: string;
}

type SalesOrderStatus = "Open" | "PartiallyDelivered" | "Delivered" | "Completed" | "Cancelled";

export interface SalesOrderLine {
  LineNumber: number;
  LineType: "ITEM" | "FREIGHT";
  ItemNumber: string;
  Description: string | null;
  Quantity: number;
  Unit: string;
  NetPrice: number;
  PriceUnit: number;
  NetAmount: number;
  ExternalLine: string | null;
  DeliveredQuantity: number;
  InvoicedQuantity: number;
  CancelledQuantity: number;
}

export interface SalesOrder extends Dated {
  OrderNumber: string;
  SalesChannel: string;
  CustomerNumber: string;
  CustomerReference: string | null;
  CustomerPurchaseOrder: string | null;
  OrderDate: string;
  RequestedDeliveryDate: string | null;
  Currency: string;
  Status: SalesOrderStatus;
  NetAmount: number;
  CreatedBy: string;
  CreationDateTime: string;
  Lines: SalesOrderLine[];
}

type BillingStatus = "NotRelevant" | "Pending" | "Billed" | "Blocked";

export interface MovementLine {
  LineNumber: number;
  ItemNumber: string;
  Quantity: number;
  Unit: string;
  StockType: "FREE" | "BLOCKED";
  SalesOrderLine: number | null;
  PurchaseOrderLine: number | null;
  Invoice: string | null;
  InvoiceLine: number | null;
  BillingStatus: BillingStatus;
}

export interface GoodsMovement extends Dated {
  DocumentNumber: string;
  MovementType: string;
  PostingDate: string;
  Plant: string;
  ReceivingPlant: string | null;
  ReasonCode: string | null;
  ExternalReference: string | null;
  DeliveryNote: string | null;
  SalesOrder: string | null;
  PurchaseOrder: string | null;
  CreationDateTime: string;
  Lines: MovementLine[];
}

export interface LedgerRow extends Dated {
  ItemNumber: string;
  Plant: string;
  OpeningQuantity: number;
  ReceivedQuantity: number;
  IssuedQuantity: number;
  /** Opening + received − issued, blocked stock included. */
  Quantity: number;
  BlockedQuantity: number;
  StandardPrice: number;
  Value: number;
}

export interface PurchaseOrderLine {
  LineNumber: number;
  ItemNumber: string;
  Plant: string;
  Quantity: number;
  Unit: string;
  NetPrice: number;
  DueDate: string;
  ReceivedQuantity: number;
  CancelledQuantity: number;
  Status: "Open" | "Received" | "Cancelled";
}

export interface PurchaseOrder extends Dated {
  OrderNumber: string;
  SupplierNumber: string;
  Currency: string;
  Status: "Open" | "Closed" | "Cancelled";
  CreationDateTime: string;
  Lines: PurchaseOrderLine[];
}

export interface InvoiceLine {
  LineNumber: number;
  SalesOrderLine: number;
  LineType: "ITEM" | "FREIGHT";
  ItemNumber: string;
  Quantity: number;
  Unit: string;
  NetPrice: number;
  PriceUnit: number;
  NetAmount: number;
  CreditedQuantity: number;
}

export interface Invoice extends Dated {
  InvoiceNumber: string;
  SalesOrder: string;
  CustomerNumber: string;
  CustomerReference: string | null;
  DeliveryNote: string | null;
  InvoiceDate: string;
  Currency: string;
  NetAmount: number;
  CreationDateTime: string;
  Lines: InvoiceLine[];
}

export interface CreditMemoLine {
  LineNumber: number;
  InvoiceLine: number;
  SalesOrderLine: number;
  ItemNumber: string;
  Quantity: number;
  NetPrice: number;
  PriceUnit: number;
  NetAmount: number;
}

export interface CreditMemo extends Dated {
  CreditMemoNumber: string;
  Invoice: string;
  SalesOrder: string;
  CustomerNumber: string;
  ReturnDocument: string | null;
  ExternalReference: string | null;
  ReasonCode: string | null;
  CreditDate: string;
  Currency: string;
  NetAmount: number;
  CreationDateTime: string;
  Lines: CreditMemoLine[];
}
