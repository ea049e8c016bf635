// What the shell hands to every engine: a clock that never steps back, and somewhere to say what happened.

export interface Clock {
  /** Milliseconds since some moment, monotonic. For deadlines and durations; never stored or compared across nodes. */
  ms(): number;
}

export const monotonicClock: Clock = { ms: () => performance.now() };

export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
