// One mapping language for every connector that maps by declaration: a contract's field by its path, the check of a
// mapping, and the conversion of one value.
export {
  checkConstant,
  checkFields,
  checkRule,
  contractOf,
  lacking,
  type Report,
  reporter,
  type SettingPath,
} from "./check.ts";
export { type DecimalRule, readDecimal } from "./decimal.ts";
export { type ContractField, contractField, type FieldKind, kindOf, putField } from "./field.ts";
export { messageShape, payloadFields, payloadLists, payloadShapes } from "./payload.ts";
export {
  Constant,
  decimalWords,
  InboundWords,
  MessagePart,
  OutboundWords,
  timeWords,
  whereOf,
} from "./settings.ts";
export { checkTimeRule, isZone, readTime, sinceText, stepMs, type TimeRule, timeText } from "./time.ts";
export { brokenRule, converted, saysNothing, textOf, unfit, unfitPath, wordOf } from "./unfit.ts";
export { type Convert, exactTexts, reader, readText, type ValueRule, writer } from "./value.ts";
