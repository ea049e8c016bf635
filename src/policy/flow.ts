// A governed route as the business says it: flow("availability", "Availability to channels").domain(…).to(…).
// Every step gives a new flow; a step that says nonsense throws, with the place where it was said.
import { CrossdockError } from "../core/errors.ts";
import type { OutboundType } from "../domains/outbound.ts";
import { DEFAULT_WITHIN_MS } from "./defaults.ts";
import { parseDuration } from "./duration.ts";
import type { Flow } from "./integration.ts";
import { callerPlace, notePlace, placeOf } from "./place.ts";

type Said = Omit<Flow, "domain"> & { domain: Flow["domain"] | undefined };

export class FlowBuilder {
  private readonly said: Said;

  constructor(said: Said) {
    this.said = said;
  }

  /** What it carries. */
  domain(domain: Flow["domain"]): FlowBuilder {
    return this.with({ domain });
  }

  /** Only what these systems reported; left out: whatever its origin, and what is derived or decided. */
  from(...systems: string[]): FlowBuilder {
    return this.with({ from: systems });
  }

  to(...systems: string[]): FlowBuilder {
    return this.with({ to: systems });
  }

  /** Only these kinds of message; left out: all of the domain that a target can be sent. */
  messages(...types: OutboundType[]): FlowBuilder {
    return this.with({ messages: types });
  }

  pattern(pattern: Flow["pattern"]): FlowBuilder {
    return this.with({ pattern });
  }

  /** How soon it should be there: "5s", "1m". */
  within(duration: string): FlowBuilder {
    try {
      return this.with({ withinMs: parseDuration(duration) });
    } catch (error) {
      throw new CrossdockError(
        "configuration.invalid",
        `flows.${this.said.id}.within: ${(error as Error).message}`,
        {
          cause: error,
          details: { place: callerPlace(this.within) },
        },
      );
    }
  }

  /** What it costs the business when it fails. */
  impact(impact: string): FlowBuilder {
    return this.with({ impact });
  }

  /** Who answers for it. */
  owner(owner: string): FlowBuilder {
    return this.with({ owner });
  }

  /** As data; without a domain there is none. */
  build(): Flow | undefined {
    const { domain } = this.said;
    return domain === undefined ? undefined : { ...this.said, domain };
  }

  get id(): string {
    return this.said.id;
  }

  private with(change: Partial<Said>): FlowBuilder {
    return notePlace(new FlowBuilder({ ...this.said, ...change }), placeOf(this));
  }
}

/** `id` is stable: a flow is the same one as long as its id is. The title is text. */
export function flow(id: string, title: string): FlowBuilder {
  const said: Said = {
    id,
    title,
    domain: undefined,
    from: [],
    to: [],
    messages: [],
    pattern: "event",
    withinMs: DEFAULT_WITHIN_MS,
    impact: "",
    owner: "",
  };
  return notePlace(new FlowBuilder(said), callerPlace(flow));
}
