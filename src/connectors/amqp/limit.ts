// Limits of our own for what the driver waits for without end: an answer of a broker that is gone, or that is busy
// with itself.

export interface Limit {
  /** Fires after the time, or with the first of the other signals. */
  signal: AbortSignal;
  /** Lets go of the timer and of the other signals. */
  end(): void;
}

export function limit(ms: number, ...others: (AbortSignal | undefined)[]): Limit {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Error(`The broker did not answer within ${ms} ms.`)),
    ms,
  );
  const undo = others.map((other) => {
    const fire = () => controller.abort(other?.reason);
    if (other?.aborted) fire();
    other?.addEventListener("abort", fire);
    return () => other?.removeEventListener("abort", fire);
  });
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      for (const release of undo) release();
    },
  };
}

/** Rejects with the signal's reason where it fires first; what was begun goes on, and nobody hears of it. */
export function unless<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const fired = () => reject(signal.reason);
  work.then(resolve, reject);
  if (signal.aborted) fired();
  signal.addEventListener("abort", fired, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", fired));
}

export async function within<Value>(
  ms: number,
  work: Promise<Value>,
  ...others: (AbortSignal | undefined)[]
): Promise<Value> {
  const { signal, end } = limit(ms, ...others);
  try {
    return await unless(signal, work);
  } finally {
    end();
  }
}
