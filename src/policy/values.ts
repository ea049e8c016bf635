// What a configuration leaves to the environment: markers, read by whoever loads the configuration with a
// given environment. A marker of a secret serialises as "***". A name that no environment can hold throws.
import { CrossdockError } from "../core/errors.ts";
import { excerpt } from "../core/excerpt.ts";
import { callerPlace } from "./place.ts";

/** Shown in place of a secret wherever settings are serialised. */
export const HIDDEN = "***";

export interface FromEnvironment {
  /** The variable's name. */
  readonly $env: string;
  /** Taken where the variable is not set. */
  readonly otherwise?: string;
  readonly secret?: true;
}

/** What may be written where a setting of type T is expected. */
export type Given<T> = T extends string | number | boolean
  ? T | FromEnvironment
  : T extends readonly (infer Item)[]
    ? readonly Given<Item>[]
    : T extends object
      ? { [K in keyof T]: Given<T[K]> }
      : T;

/** The value of an environment variable; `otherwise` where it is not set. */
export function env(name: string, otherwise?: string): FromEnvironment {
  checkName(name, env);
  return otherwise === undefined ? { $env: name } : { $env: name, otherwise };
}

/** The value of an environment variable that is never shown: not in logs, answers, errors or the database. */
export function secret(name: string): FromEnvironment {
  checkName(name, secret);
  const marker: FromEnvironment = { $env: name, secret: true };
  Object.defineProperty(marker, "toJSON", { value: () => HIDDEN });
  return marker;
}

export function isFromEnvironment(value: unknown): value is FromEnvironment {
  return typeof value === "object" && value !== null && typeof (value as FromEnvironment).$env === "string";
}

function checkName(name: string, caller: (name: string) => unknown): void {
  if (typeof name === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return;
  throw new CrossdockError(
    "configuration.invalid",
    `${excerpt(name)} is no name of an environment variable, such as ERP_URL.`,
    { details: { place: callerPlace(caller) } },
  );
}
