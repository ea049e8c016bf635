// The state of Ledgerline: its resources, its plants, its billing runs. All of it is in memory.

import type { Agenda } from "../simulation/agenda.ts";
import type { FaultSwitch } from "../simulation/faults.ts";
import { Collection } from "./collection.ts";
import type {
  CreditMemo,
  Customer,
  GoodsMovement,
  Invoice,
  Item,
  LedgerRow,
  PurchaseOrder,
  SalesOrder,
} from "./records.ts";

export const plants: ReadonlySet<string> = new Set(["P100", "P200", "P300"]);

export interface ErpSettings {
  /** How long the billing run waits for more goods issues of one delivery note. */
  billingDelayMs: number;
}

export interface Company {
  agenda: Agenda;
  faults: FaultSwitch;
  settings: ErpSettings;
  customers: Collection<Customer>;
  items: Collection<Item>;
  orders: Collection<SalesOrder>;
  movements: Collection<GoodsMovement>;
  ledger: Collection<LedgerRow>;
  ledgerByKey: Map<string, LedgerRow>;
  purchaseOrders: Collection<PurchaseOrder>;
  invoices: Collection<Invoice>;
  creditMemos: Collection<CreditMemo>;
  /** What the next billing run of a key bills; see billing.ts. */
  billingDue: Map<string, { generation: number; run: () => void }>;
}

export function defaultErpSettings(): ErpSettings {
  return { billingDelayMs: 200 };
}

export function createCompany(agenda: Agenda, faults: FaultSwitch, settings: ErpSettings): Company {
  return {
    agenda,
    faults,
    settings,
    customers: new Collection("Customers", 1, {
      fields: ["CustomerNumber", "Name", "CountryCode", "Currency", "CreditLimit", "Blocked"],
      indexed: ["CustomerNumber"],
    }),
    items: new Collection("Items", 1, {
      fields: ["ItemNumber", "Description", "BaseUnit", "StandardPrice", "Status"],
      indexed: ["ItemNumber"],
    }),
    orders: new Collection("SalesOrders", 4711, {
      fields: [
        "OrderNumber",
        "SalesChannel",
        "CustomerNumber",
        "CustomerReference",
        "CustomerPurchaseOrder",
        "OrderDate",
        "RequestedDeliveryDate",
        "Currency",
        "Status",
        "NetAmount",
        "CreatedBy",
        "CreationDateTime",
        "Lines",
      ],
      indexed: ["OrderNumber", "CustomerReference", "CustomerNumber"],
    }),
    ...createPostings(),
    ...createPapers(),
    billingDue: new Map(),
  };
}

function createPostings(): Pick<Company, "movements" | "ledger" | "ledgerByKey"> {
  return {
    movements: new Collection("GoodsMovements", 1, {
      fields: [
        "DocumentNumber",
        "MovementType",
        "PostingDate",
        "Plant",
        "ReceivingPlant",
        "ReasonCode",
        "ExternalReference",
        "DeliveryNote",
        "SalesOrder",
        "PurchaseOrder",
        "CreationDateTime",
        "Lines",
      ],
      indexed: ["DocumentNumber", "ExternalReference", "DeliveryNote", "SalesOrder", "PurchaseOrder"],
    }),
    ledger: new Collection("StockLedger", 1, {
      fields: [
        "ItemNumber",
        "Plant",
        "OpeningQuantity",
        "ReceivedQuantity",
        "IssuedQuantity",
        "Quantity",
        "BlockedQuantity",
        "StandardPrice",
        "Value",
      ],
      indexed: ["ItemNumber"],
    }),
    ledgerByKey: new Map(),
  };
}

function createPapers(): Pick<Company, "purchaseOrders" | "invoices" | "creditMemos"> {
  return {
    purchaseOrders: new Collection("PurchaseOrders", 1, {
      fields: ["OrderNumber", "SupplierNumber", "Currency", "Status", "CreationDateTime", "Lines"],
      indexed: ["OrderNumber"],
    }),
    invoices: new Collection("Invoices", 1, {
      fields: [
        "InvoiceNumber",
        "SalesOrder",
        "CustomerNumber",
        "CustomerReference",
        "DeliveryNote",
        "InvoiceDate",
        "Currency",
        "NetAmount",
        "CreationDateTime",
        "Lines",
      ],
      indexed: ["InvoiceNumber", "SalesOrder", "CustomerReference", "DeliveryNote"],
    }),
    creditMemos: new Collection("CreditMemos", 1, {
      fields: [
        "CreditMemoNumber",
        "Invoice",
        "SalesOrder",
        "CustomerNumber",
        "ReturnDocument",
        "ExternalReference",
        "ReasonCode",
        "CreditDate",
        "Currency",
        "NetAmount",
        "CreationDateTime",
        "Lines",
      ],
      indexed: ["CreditMemoNumber", "Invoice", "SalesOrder", "ExternalReference", "ReturnDocument"],
    }),
  };
}

export function clearCompany(company: Company): void {
  company.agenda.clear();
  company.billingDue.clear();
  company.ledgerByKey.clear();
  for (const collection of [
    company.customers,
    company.items,
    company.orders,
    company.movements,
    company.ledger,
    company.purchaseOrders,
    company.invoices,
    company.creditMemos,
  ]) {
    collection.clear();
  }
}
