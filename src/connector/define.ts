// Declares a product: one object is its settings' schema, its documentation and its code. The result is called in
// a configuration, `erp: tryton({ … })`, and carries the connector; a malformed word beside the settings throws.
import type { Static, TObject, TProperties, TSchema } from "typebox";
import { CrossdockError } from "../core/errors.ts";
import type { Fault } from "../domains/explain.ts";
import type { FigureMeaning, SourceClock } from "../domains/inventory/policy.ts";
import type { OutboundType } from "../domains/outbound.ts";
import { type CodeSeeds, mergeSeeds } from "../policy/codes.ts";
import { defaultClock, defaultFigures, defaultLimits, defaultWitness } from "../policy/defaults.ts";
import { parseDuration } from "../policy/duration.ts";
import type { Limits, SystemDeclaration, WitnessPace, WriteDeclaration } from "../policy/integration.ts";
import { callerPlace, notePlace } from "../policy/place.ts";
import type { Given } from "../policy/values.ts";
import type { Connector } from "./contract.ts";

export type Writes = Partial<Record<OutboundType, WriteDeclaration>>;

export interface ConnectorDefinition<S extends TObject>
  extends Omit<Connector<Static<S>>, "settings" | "writes"> {
  settings: S;
  /** What a system can be sent; a function where that depends on its settings. */
  writes: Writes | ((settings: Static<S>) => Writes);
  /** What a schema cannot say about settings: paths begin with `$`, as `$.lookup`. */
  check?(settings: Static<S>): Fault[];
}

/** A connector that can be asked what its settings mean. */
export interface DefinedConnector extends Connector {
  writesOf(settings: unknown): Writes;
  check(settings: unknown): Fault[];
}

/** What an installation may say beside a product's own settings. */
export interface SystemUse {
  /** `observe`: everything is computed and compared, nothing is sent. */
  mode?: "live" | "observe";
  limits?: LimitsInput;
  figures?: Partial<FigureMeaning>;
  clock?: { resolution?: string; skewMax?: string };
  /** How often what it holds is compared with what we hold, where it can be read. */
  witness?: { every?: string; settled?: string; overlap?: string };
  /** A system that says nothing for so long is silent, which is an exception; absent: it may. */
  speaksWithin?: string;
  /** What its code tables begin with, beside what its connector knows: table → its code → ours. */
  codes?: CodeSeeds;
}

interface LimitsInput {
  concurrency?: number;
  /** Calls a second over all nodes; 0: unlimited. */
  ratePerSecond?: number;
  requestTimeout?: string;
  backoffFirst?: string;
  backoffLast?: string;
  breakerLanes?: number;
  probeEvery?: string;
}

type HasDefault = { readonly "~hasDefault": true };

type OptionalKeys<P extends TProperties> = {
  [K in keyof P]: P[K] extends HasDefault | { "~optional": true } ? K : never;
}[keyof P];
type PropertiesOf<S extends TObject> = S extends TObject<infer P> ? P : never;
type StaticOf<S> = S extends TSchema ? Given<Static<S>> : never;

/** The settings as they are written: environment markers allowed, what has a default left out. */
export type SettingsInput<S extends TObject> = {
  [K in Exclude<keyof PropertiesOf<S>, OptionalKeys<PropertiesOf<S>>>]: StaticOf<PropertiesOf<S>[K]>;
} & {
  [K in OptionalKeys<PropertiesOf<S>>]?: StaticOf<PropertiesOf<S>[K]> | undefined;
};

export interface DefinedProduct<S extends TObject> {
  (given: SettingsInput<S> & SystemUse): SystemDeclaration;
  readonly connector: DefinedConnector;
}

const USE = ["mode", "limits", "figures", "clock", "witness", "speaksWithin", "codes"] as const;

/** A setting that may be left out: it is filled in before anything sees it. */
export function withDefault<S extends TSchema>(schema: S, value: Static<S>): S & HasDefault {
  // TypeBox keeps a schema's kind in properties that a spread would lose.
  const copy = Object.create(Object.getPrototypeOf(schema), Object.getOwnPropertyDescriptors(schema));
  return Object.defineProperty(copy, "default", { value, enumerable: true });
}

export function defineConnector<S extends TObject>(definition: ConnectorDefinition<S>): DefinedProduct<S> {
  checkDefinition(definition);
  const { writes, check, ...rest } = definition;
  const fixed = typeof writes === "function" ? {} : writes;
  const connector: DefinedConnector = {
    ...(rest as unknown as Connector),
    writes: fixed,
    writesOf: typeof writes === "function" ? (settings) => writes(settings as Static<S>) : () => fixed,
    check: (settings) => check?.(settings as Static<S>) ?? [],
  };
  const product = (given: SettingsInput<S> & SystemUse): SystemDeclaration =>
    notePlace(
      declare(connector, given as Record<string, unknown> & SystemUse, product),
      callerPlace(product),
    );
  return Object.assign(product, { connector });
}

function checkDefinition(definition: ConnectorDefinition<TObject>): void {
  for (const word of USE) {
    if (word in definition.settings.properties) {
      throw new CrossdockError(
        "connector.invalid",
        `The connector ${definition.name} has a setting "${word}", a word that every system has already: rename it.`,
      );
    }
  }
  if (!/^[a-z][a-z0-9-]*$/.test(definition.name)) {
    throw new CrossdockError(
      "connector.invalid",
      `"${definition.name}" is no name of a connector, such as "tryton".`,
    );
  }
}

function declare(
  connector: DefinedConnector,
  given: Record<string, unknown> & SystemUse,
  caller: (given: never) => unknown,
): SystemDeclaration {
  const { mode, limits, figures, clock, witness, speaksWithin, codes, ...settings } = given ?? {};
  const read = (path: string, text: string) => readDuration(connector.name, path, text, caller);
  if (mode !== undefined && mode !== "live" && mode !== "observe") {
    throw misread(connector.name, "mode", 'is neither "live" nor "observe"', caller);
  }
  return {
    product: connector.name,
    mode: mode ?? "live",
    writes: connector.writes,
    figures: {
      ...defaultFigures,
      ...connector.figures,
      ...known(connector.name, "figures", figures, FIGURES, caller),
    },
    clock: {
      ...defaultClock,
      ...connector.clock,
      ...durations(known(connector.name, "clock", clock, CLOCK, caller), CLOCK, "clock", read),
    } as SourceClock,
    limits: {
      ...defaultLimits,
      ...connector.limits,
      ...durations(known(connector.name, "limits", limits, LIMITS, caller), LIMITS, "limits", read),
    } as Limits,
    witness: {
      ...defaultWitness,
      ...durations(known(connector.name, "witness", witness, WITNESS, caller), WITNESS, "witness", read),
    } as WitnessPace,
    codes: mergeSeeds(connector.codes, codes),
    ...(speaksWithin === undefined ? {} : { speaksWithinMs: read("speaksWithin", speaksWithin) }),
    connector,
    settings,
  };
}

/** As it is written → as it is kept; one ending in `Ms` is written as a duration. */
const LIMITS: Readonly<Record<string, keyof Limits>> = {
  concurrency: "concurrency",
  ratePerSecond: "ratePerSecond",
  requestTimeout: "requestTimeoutMs",
  backoffFirst: "backoffFirstMs",
  backoffLast: "backoffLastMs",
  breakerLanes: "breakerLanes",
  probeEvery: "probeEveryMs",
};
const CLOCK: Readonly<Record<string, keyof SourceClock>> = {
  resolution: "resolutionMs",
  skewMax: "skewMaxMs",
};
const WITNESS: Readonly<Record<string, keyof WitnessPace>> = {
  every: "everyMs",
  settled: "settledMs",
  overlap: "overlapMs",
};
const FIGURES: Readonly<Record<string, keyof FigureMeaning>> = {
  quantity: "quantity",
  unit: "unit",
  zeroShareMax: "zeroShareMax",
};

/** The words that were said, without those that say nothing; an unknown one throws. */
function known<Words extends object>(
  product: string,
  path: string,
  given: Words | undefined,
  names: Readonly<Record<string, string>>,
  caller: (given: never) => unknown,
): Words {
  const said = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  for (const [name] of said) {
    if (Object.hasOwn(names, name)) continue;
    throw misread(
      product,
      `${path}.${name}`,
      `is not known; there are ${Object.keys(names).join(", ")}`,
      caller,
    );
  }
  return Object.fromEntries(said) as Words;
}

function durations(
  said: object,
  names: Readonly<Record<string, string>>,
  path: string,
  read: (path: string, text: string) => number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(said).map(([name, value]) => {
      const kept = names[name]!;
      return [kept, kept.endsWith("Ms") ? read(`${path}.${name}`, value as string) : (value as number)];
    }),
  );
}

function readDuration(
  product: string,
  path: string,
  text: string,
  caller: (given: never) => unknown,
): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw misread(product, path, (error as Error).message.replace(/\.$/, ""), caller, error);
  }
}

function misread(
  product: string,
  path: string,
  what: string,
  caller: (given: never) => unknown,
  cause?: unknown,
): CrossdockError {
  return new CrossdockError("configuration.invalid", `${product}: ${path}: ${what}.`, {
    details: { place: callerPlace(caller) },
    cause,
  });
}
