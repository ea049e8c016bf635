// One claim of a connector, and how it is tried against the running system.

export interface Proof {
  /** Such as `writes order.booking: an answer that is lost`; also what `skip` names. */
  claim: string;
  /** Rejects with what does not hold. */
  run(): Promise<void>;
}

export class NotProved extends Error {
  override name = "NotProved";
}

export function must(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new NotProved(sentence);
}
