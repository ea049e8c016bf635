// The keys that order events, lock state and name lanes: `domain:company/business key`.
import { businessKey, splitBusinessKey } from "../core/identifiers.ts";

export type KeyDomain = "stock" | "order" | "location";

export interface EventKey {
  domain: KeyDomain;
  company: string;
  id: string;
}

export const stockKey = (company: string, sku: string): string => `stock:${businessKey(company, sku)}`;
export const orderKey = (company: string, orderId: string): string =>
  `order:${businessKey(company, orderId)}`;
export const locationKey = (company: string, location: string): string =>
  `location:${businessKey(company, location)}`;

export function parseKey(key: string): EventKey {
  const colon = key.indexOf(":");
  const { company, key: id } = splitBusinessKey(key.slice(colon + 1));
  return { domain: key.slice(0, colon) as KeyDomain, company, id };
}
