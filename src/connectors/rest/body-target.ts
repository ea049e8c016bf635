// What a mapping may make of canonical values on their way out: anything that JSON can say. Figures are texts unless
// they are asked for as numbers, and then every digit is kept.
import { canonicalJson, checkTimeRule, NumberText, numberText, writer } from "../../connector/index.ts";
import type { Target } from "./template.ts";

export const bodyTarget: Target = {
  convert(rule, at, report) {
    if (rule.as !== undefined && rule.format !== undefined) {
      report([...at, "as"], "is of figures, format is of times: one of them at most.");
    }
    if (rule.format !== undefined || rule.zone !== undefined)
      checkTimeRule(rule, (setting, message) => report([...at, setting], message));
    for (const setting of ["scale", "negate"] as const)
      if (rule[setting] !== undefined) report([...at, setting], "is of what is read.");
    return rule.as === "number" && rule.words === undefined
      ? (value) => new NumberText(numberText(value))
      : writer(rule);
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
