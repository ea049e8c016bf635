// What goes wrong on the day, on purpose: an outage of the ERP and a storm of duplicates; with `heavy` also kills of
// the node and an outage of every system in turn.
import { type SystemName, systemNames } from "../systems/start-all.ts";
import type { Distributor, Fault } from "./distributor.ts";
import type { Installation } from "./installation.ts";

interface Incident {
  /** Share of the orders that are entered by then. */
  at: number;
  say: string;
  run(): Promise<void>;
}

const OUTAGE_MS = 4_000;
const STORM_MS = 6_000;

export class Trouble {
  private readonly incidents: Incident[];
  private running: Promise<void> = Promise.resolve();
  private readonly say: (text: string) => void;
  private failure: unknown;

  constructor(
    level: "normal" | "heavy" | "none",
    distributor: Distributor,
    installation: Installation,
    say: (text: string) => void,
  ) {
    this.say = say;
    this.incidents =
      level === "none"
        ? []
        : [...normal(distributor), ...(level === "heavy" ? heavy(distributor, installation) : [])].sort(
            (a, b) => a.at - b.at,
          );
  }

  /** Starts what is due; incidents follow one another. */
  entered(share: number): void {
    while (this.incidents.length > 0 && this.incidents[0]!.at <= share) {
      const incident = this.incidents.shift()!;
      this.running = this.running
        .then(async () => {
          this.say(incident.say);
          await incident.run();
        })
        .catch((error) => {
          this.failure ??= error;
        });
    }
  }

  async over(): Promise<void> {
    await this.running;
    if (this.failure !== undefined) throw this.failure;
  }
}

function normal(distributor: Distributor): Incident[] {
  const window = (kind: string, ms: number, more: Partial<Fault> = {}): Fault => ({
    kind,
    from: 0,
    to: ms,
    ...more,
  });
  return [
    {
      at: 0.3,
      say: `the ERP is down for ${OUTAGE_MS / 1_000} s`,
      run: () => distributor.setFaults("erp", [window("down", OUTAGE_MS)]),
    },
    {
      at: 0.55,
      say: "every message comes twice and out of order, and some answers are lost after their effect",
      async run() {
        for (const system of ["east", "west", "partner", "portal"] as const) {
          await distributor.setFaults(system, [
            window("duplicateWebhooks", STORM_MS),
            window("reorderWebhooks", STORM_MS),
          ]);
        }
        await distributor.setFaults("erp", [
          window("timeoutAfterEffect", STORM_MS, { probability: 0.02, ms: 1_000 }),
        ]);
      },
    },
  ];
}

function heavy(distributor: Distributor, installation: Installation): Incident[] {
  const kills = [0.15, 0.4, 0.65, 0.9].map((at) => ({
    at,
    say: "the node is killed (SIGKILL) and started again",
    run: () => installation.killAndRestart(),
  }));
  const outages = systemNames.map((system: SystemName, index) => ({
    at: 0.2 + index * 0.12,
    say: `${system} is down for ${OUTAGE_MS / 1_000} s`,
    run: () => distributor.setFaults(system, [{ kind: "down", from: 0, to: OUTAGE_MS }]),
  }));
  return [...kills, ...outages];
}
