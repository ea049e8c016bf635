// What the systems say, in one shape, as far as the books compare it. Quantities are millionths, money pennies;
// `reference` is always the name that a document bears for somebody else, not yet traced to an order.

export const locations = ["EAST", "WEST", "3PL"] as const;
export type Location = (typeof locations)[number];

/** A document in which an order was taken. */
export interface ChannelOrder {
  /** The channel's own names of it. */
  names: string[];
  /** What the buyer called it. */
  purchaseOrder: string;
  acknowledged: boolean;
}

interface ErpLine {
  line: string;
  isFreight: boolean;
  sku: string;
  quantity: bigint;
  /** Per `priceUnit` units. */
  price: bigint;
  priceUnit: bigint;
  delivered: bigint;
  cancelled: bigint;
}

export interface ErpOrder {
  number: string;
  salesChannel: string;
  reference: string;
  purchaseOrder: string;
  lines: ErpLine[];
}

export interface ErpInvoiceLine {
  orderLine: string;
  isFreight: boolean;
  sku: string;
  quantity: bigint;
  /** As the ERP says, "" where it is no whole number of pennies. */
  pennies: bigint | undefined;
}

export interface ErpInvoice {
  number: string;
  order: string;
  currency: string;
  pennies: bigint | undefined;
  lines: ErpInvoiceLine[];
}

export interface ErpCredit extends ErpInvoice {
  /** Drawn from goods that came back, not keyed alone. */
  fromReturn: boolean;
}

export interface ErpMovement {
  number: string;
  type: string;
  location: Location;
  /** Of a transfer. */
  to: Location | undefined;
  reference: string;
  order: string;
  purchaseOrder: string;
  lines: {
    sku: string;
    quantity: bigint;
    isBlocked: boolean;
    orderLine: string;
    invoice: string;
    billing: string;
  }[];
}

export interface LedgerRow {
  sku: string;
  location: Location;
  opening: bigint;
  quantity: bigint;
  blocked: bigint;
}

export interface PurchaseLine {
  order: string;
  sku: string;
  location: Location;
  /** What is still to come. */
  open: bigint;
  received: bigint;
  /** YYYY-MM-DD */
  dueOn: string;
}

export interface Erp {
  orders: ErpOrder[];
  movements: ErpMovement[];
  ledger: LedgerRow[];
  purchases: PurchaseLine[];
  invoices: ErpInvoice[];
  credits: ErpCredit[];
}

export interface Outbound {
  reference: string;
  lines: { line: string; sku: string; ordered: bigint; shipped: bigint; short: bigint }[];
  shipments: {
    shipment: string;
    delivered: boolean;
    lines: { line: string; sku: string; quantity: bigint }[];
  }[];
}

type GoodsKind = "issue" | "receipt" | "return" | "adjustment";

/** Goods that moved at a warehouse, by its own report. */
export interface Goods {
  kind: GoodsKind;
  sku: string;
  /** Signed. */
  quantity: bigint;
  isHeld: boolean;
  /** Of an issue or a return: the order's name at the warehouse; of a receipt: what it was announced as. */
  reference: string;
  reason: string;
}

/** One thing that changed what a place can promise: goods that came in, units taken over, units given up. */
export interface Moment {
  atMs: number;
  kind: "supply" | "demand" | "given-up";
  sku: string;
  quantity: bigint;
  reference: string;
}

export interface Warehouse {
  location: Location;
  stock: Map<string, { physical: bigint; held: bigint }>;
  outbound: Outbound[];
  goods: Goods[];
  moments: Moment[];
  /** Its own count of the messages it has made. */
  stated: { what: string; count: bigint };
  /** Messages that it has laid down and nobody has fetched. */
  untaken: bigint;
  /** What it tells in two ways. */
  contradictions: { what: string; left: bigint; right: bigint }[];
}

export interface Portal {
  orders: ChannelOrder[];
  requests: { acknowledged: boolean }[];
  sellable: Map<string, bigint>;
}

export interface CrossdockLine {
  lineId: string;
  sku: string;
  quantity: bigint;
  price: bigint;
  priceUnit: bigint;
  cancelled: bigint;
  backordered: bigint;
  /** YYYY-MM-DDT…, empty where nothing covers the backorder. */
  promisedAt: string;
  shipped: bigint;
  invoiced: bigint;
  credited: bigint;
  places: { location: string; allocated: bigint; shipped: bigint }[];
}

export interface CrossdockOrder {
  orderId: string;
  status: string;
  channel: string;
  reference: string;
  purchaseOrder: string;
  lines: CrossdockLine[];
  releases: { location: string; state: string; lines: { sku: string; quantity: bigint }[] }[];
  shipments: { shipmentId: string; location: string; delivered: boolean }[];
  invoices: { invoice: string; kind: string; pennies: bigint | undefined }[];
}

export interface CrossdockItem {
  sku: string;
  /** To promise now, over all places. */
  available: bigint;
  places: { location: string; onHand: bigint; reserved: bigint }[];
}

export interface CrossdockException {
  code: string;
  category: string;
  key: string;
  title: string;
  detail: Record<string, unknown>;
}

export interface Stream {
  system: string;
  native: { mapped: bigint; ignored: bigint; failed: bigint; duplicate: bigint };
  events: { received: bigint; recorded: bigint; duplicate: bigint; conflict: bigint; rejected: bigint };
  /** By topic, without the duplicates. */
  topics: { topic: string; messages: bigint }[];
}

export interface Target {
  target: string;
  flow: string;
  routed: bigint;
  delivered: bigint;
  merged: bigint;
  parked: bigint;
  skipped: bigint;
  waiting: bigint;
}

export interface Crossdock {
  orders: CrossdockOrder[];
  items: CrossdockItem[];
  exceptions: CrossdockException[];
  streams: Stream[];
  targets: Target[];
}

export interface Facts {
  erp: Erp;
  crm: ChannelOrder[];
  portal: Portal;
  warehouses: Warehouse[];
  crossdock: Crossdock;
}
