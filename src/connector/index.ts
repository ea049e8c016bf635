// `crossdock/connector`: everything that a connector is written with. What is not here is not public.
export { CrossdockError } from "../core/errors.ts";
export { excerpt } from "../core/excerpt.ts";
export { businessKey } from "../core/identifiers.ts";
export { assertDepth, canonicalJson, NumberText } from "../core/json.ts";
export { type JsonPath, jsonPath, parseJsonPath, valueAt } from "../core/json-path.ts";
export { addMs, dateIn, epochMs, localToUtc, parseTime, type Time, timeFromEpochMs } from "../core/time.ts";
export { catalogue, type Fault, validateEvent } from "../domains/catalogue.ts";
export { explain, type SchemaNode } from "../domains/explain.ts";
export type { FigureMeaning, SourceClock } from "../domains/inventory/policy.ts";
export * from "../domains/outbound.ts";
export {
  DecimalText,
  NonNegativeDecimalText,
  object,
  oneOf,
  PositiveDecimalText,
  TimeText,
} from "../domains/schema.ts";
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
export type {
  Answer,
  CallLimits,
  Census,
  Connector,
  ConnectorContext,
  ConnectorSession,
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
  RowProblem,
  Webhook,
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
export { type Hmac, headerOf, hmacFits, unsigned, verifyStandardWebhook } from "./signature.ts";
