// `crossdock/connector`: everything that a connector is written with. What is not here is not public.
export { type Decimal, formatDecimal, parseDecimal } from "../core/decimal.ts";
export { CrossdockError } from "../core/errors.ts";
export { excerpt } from "../core/excerpt.ts";
export { businessKey } from "../core/identifiers.ts";
export { assertDepth, canonicalJson, NumberText } from "../core/json.ts";
export { type JsonPath, jsonPath, parseJsonPath, valueAt } from "../core/json-path.ts";
export { addMs, dateIn, epochMs, localToUtc, parseTime, type Time, timeFromEpochMs } from "../core/time.ts";
export { catalogue, type Fault, validateEvent } from "../domains/catalogue.ts";
export { explain, type SchemaNode } from "../domains/explain.ts";
export type { FigureMeaning, SourceClock } from "../domains/inventory/policy.ts";
export { didYouMean } from "../domains/nearest.ts";
export * from "../domains/outbound.ts";
export { object, oneOf, TimeText } from "../domains/schema.ts";
export { type CodeSeeds, type CodeTable, codeTables } from "../policy/codes.ts";
export { parseDuration } from "../policy/duration.ts";
export type { Limits, WriteDeclaration, WriteKind } from "../policy/integration.ts";
export { CallFailed, type CallFailedCode } from "./call-failed.ts";
export {
  type CallOutcome,
  type ClassifyOptions,
  classifyCall,
  classifyFailure,
  outcomeOf,
  readRetryAfter,
} from "./classify.ts";
export { CLOUD_EVENT_TYPE, mapCloudEvent } from "./cloud-event.ts";
export { codesOf, noCodes } from "./codes.ts";
export type {
  Answer,
  CallLimits,
  Census,
  Connector,
  ConnectorContext,
  ConnectorSession,
  Failure,
  Found,
  HttpAnswer,
  HttpCall,
  HttpClient,
  MappedEvent,
  Mapping,
  MissingNumbers,
  NativeMessage,
  OutboundMessage,
  Poll,
  PollResult,
  ReadCodes,
  RowProblem,
  Webhook,
  WriteCodes,
  Writer,
} from "./contract.ts";
export {
  type ConnectorDefinition,
  type DefinedConnector,
  type DefinedProduct,
  defineConnector,
  type SettingsInput,
  type SystemUse,
  type Writes,
  withDefault,
} from "./define.ts";
export { numberText, readExact } from "./exact.ts";
export {
  archiveFile,
  type DropFile,
  type DropFolderOptions,
  type DropFolderResult,
  readDropFolder,
  type WriteFileOptions,
  writeFileAtomically,
} from "./files.ts";
export * from "./mapping/index.ts";
export { type Hmac, headerOf, hmacFits, unsigned, verifyStandardWebhook } from "./signature.ts";
