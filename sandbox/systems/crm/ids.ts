// Relata's ids: 15 characters that count in base 62 behind a type prefix, and 3 that check the case of
// the letters, so that an id survives a tool that ignores case.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

export type IdPrefix = "001" | "801" | "802" | "500";

export class IdSource {
  private readonly counters = new Map<IdPrefix, number>();

  next(prefix: IdPrefix): string {
    const count = (this.counters.get(prefix) ?? 0) + 1;
    this.counters.set(prefix, count);
    let rest = count;
    let digits = "";
    while (rest > 0) {
      digits = `${DIGITS[rest % 62]}${digits}`;
      rest = Math.floor(rest / 62);
    }
    return withCheck(`${prefix}Q0${digits.padStart(10, "0")}`);
  }

  clear(): void {
    this.counters.clear();
  }
}

/** Appends the three check characters to an id of 15. */
export function withCheck(id15: string): string {
  let check = "";
  for (let chunk = 0; chunk < 3; chunk += 1) {
    let bits = 0;
    for (let at = 0; at < 5; at += 1) {
      const letter = id15[chunk * 5 + at] as string;
      if (letter >= "A" && letter <= "Z") bits |= 1 << at;
    }
    check += CHECK[bits];
  }
  return id15 + check;
}
