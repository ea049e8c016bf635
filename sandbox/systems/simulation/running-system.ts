// What every simulated system hands to whoever started it.

import type { FaultSwitch } from "./faults.ts";

export interface RunningSystem {
  name: string;
  /** Where its native API and its control routes answer, without a slash at the end. */
  url: string;
  faults: FaultSwitch;
  /** The drop folder, where the system exchanges files. */
  folder?: string;
  /** Back to the state of a first start: no data, default settings, no faults, no subscription. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  /** A free port is taken where absent or 0. */
  port?: number;
  /** For the faults that hit by chance. */
  seed?: number;
}
