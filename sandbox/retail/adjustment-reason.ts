// Why stock was corrected, as a code out of the free text that the clerk left. Text that no rule knows is
// `other`; no text, or only question marks, is `unstated`.

interface ReasonRule {
  code: string;
  docs: string;
  says: RegExp;
}

/** The first that matches gives the code. */
export const REASON_RULES: readonly ReasonRule[] = [
  { code: "unstated", docs: "no note, or only question marks", says: /^[?\s]*$/ },
  {
    code: "damaged",
    docs: "broken, wet, mouldy, faulty or thrown away",
    says: /dama|dagam|crush|broke|smash|crack|\bwet\b|rust|mould|fault|throw|smudg|unsale|can't sell/,
  },
  {
    code: "reversal",
    docs: "takes an earlier booking or credit back",
    says: /reverse|credit|incorrectly put back|oops|previous/,
  },
  {
    code: "miscoded",
    docs: "booked under another code, label, barcode or pack: a set sold as one, a mix-up",
    says: /barcode|wrong code|wrongly|label|mix up|sold as|sold in|sold sets|sets? on|dotcom set/,
  },
  { code: "lost", docs: "missing, not received, never found", says: /lost|missing|\bmia\b|not rcvd|mystery/ },
  { code: "found", docs: "turned up again", says: /found/ },
  {
    code: "sample",
    docs: "on display, in the showroom, given away",
    says: /sample|display|showroom|given away/,
  },
  { code: "marketplace", docs: "sold through a marketplace or the retail site", says: /ebay|amazon|dotcom/ },
  {
    code: "check",
    docs: "a count, a check or an adjustment without another reason",
    says: /check|count|adjust|test/,
  },
];

export function adjustmentReason(note: string): string {
  const text = note.trim().toLowerCase();
  return REASON_RULES.find((rule) => rule.says.test(text))?.code ?? "other";
}
