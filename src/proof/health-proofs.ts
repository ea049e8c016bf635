// Health: a system that answers is well, and one that cannot be reached, or refuses, is not.
import { must, type Proof } from "./proof.ts";
import { onStage } from "./stage.ts";
import type { Subject } from "./subject.ts";

export function healthProofs(subject: Subject): Proof[] {
  const signal = () => new AbortController().signal;
  return [
    {
      claim: "health: a system that answers is well",
      run: () => onStage(subject, ({ session }) => session.health(signal())),
    },
    {
      claim: "health: a system that cannot be reached is not",
      run: () =>
        onStage(subject, async ({ session, proxy }) => {
          proxy.spoil({ kind: "reset" }, 0, Number.POSITIVE_INFINITY);
          const told = await session.health(signal()).then(
            () => undefined,
            (error: unknown) => error,
          );
          must(
            told instanceof Error && told.message !== "",
            "It was called well, or nobody said why it is not.",
          );
        }),
    },
  ];
}
