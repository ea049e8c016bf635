// What a mapping may make of canonical values on their way out: anything that JSON can say. Figures are texts unless
// they are asked for as numbers, and then every digit is kept.
import { canonicalJson, NumberText, numberText, parseTime } from "../../connector/index.ts";
import { decode } from "./contract-target.ts";
import { writeTime } from "./native-time.ts";
import type { Convert, Rule, Target } from "./template.ts";

export const bodyTarget: Target = {
  convert(rule, at, report) {
    if (rule.as !== undefined && rule.format !== undefined) {
      report([...at, "as"], "is of figures, format is of times: one of them at most.");
    }
    return converterOf(rule);
  },
  constant(value, at, report) {
    try {
      canonicalJson(value);
    } catch (error) {
      report(at, (error as Error).message);
    }
  },
  fields: () => undefined,
  field: () => bodyTarget,
  item: () => bodyTarget,
};

function converterOf(rule: Rule): Convert {
  const { words } = rule;
  if (words !== undefined) return (value) => decode(words, value);
  if (rule.format !== undefined || rule.zone !== undefined) {
    return (value) => {
      const text = writeTime(parseTime(value as string), rule);
      // Products take seconds since 1970 as a number.
      return rule.format?.startsWith("epoch") === true ? new NumberText(text) : text;
    };
  }
  if (rule.as === "number") return (value) => new NumberText(numberText(value));
  return (value) => value;
}
