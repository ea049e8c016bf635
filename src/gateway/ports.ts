// What the gateway needs of the node behind it. The engine's own objects fit as they are.
import type { Logger } from "pino";
import type { Commands } from "../engine/commands.ts";
import type { Recorder } from "../engine/log/recorder.ts";
import type { Operations } from "../engine/operations/operations.ts";
import type { Receiver } from "../engine/receive/receiver.ts";
import type { Integration } from "../policy/integration.ts";
import type { KeySource } from "./access.ts";

export interface GatewayPorts {
  integration: Integration;
  /** Shown in the OpenAPI document. */
  version: string;
  recorder: Pick<Recorder, "record">;
  commands: Pick<Commands, "submit">;
  receiver: Pick<Receiver, "webhook">;
  /** Undefined: the system has no such webhook. `key`: its connector cannot tell who sends. */
  webhookAccess(system: string, topic: string): "signature" | "key" | undefined;
  keys: KeySource;
  operations: Operations;
  log: Logger;
}
