// The settings of a message broker: where it is, which queues are read, where records are published.
import { type Static, Type } from "typebox";
import {
  type Fault,
  type OutboundType,
  object,
  oneOf,
  outboundKinds,
  withDefault,
} from "../../connector/index.ts";

const types = Object.keys(outboundKinds) as OutboundType[];
/** The protocol's short string. */
const NAME_BYTES_MAX = 255;

export const AmqpSettings = object({
  /** `amqps://host`, `amqp://host:5672`; the virtual host, the user and the password are settings of their own. */
  url: Type.String({ pattern: "^amqps?://", description: "An amqp or amqps URL" }),
  vhost: withDefault(Type.String({ minLength: 1 }), "/"),
  user: Type.String({ minLength: 1 }),
  password: Type.String({ minLength: 1 }),
  /** PEM of the authority that signed the broker's certificate; absent: those that Node knows. */
  ca: Type.Optional(Type.String({ pattern: "^\\s*-----BEGIN CERTIFICATE-----", description: "A PEM" })),
  /** A peer that says nothing for twice as long is gone. */
  heartbeatSeconds: withDefault(Type.Integer({ minimum: 1, maximum: 600 }), 10),
  /** Queues that canonical events are read from, as CloudEvents in JSON, one a message. */
  queues: withDefault(Type.Array(Type.String({ minLength: 1 })), []),
  /** Messages that are read, committed and acknowledged at once; the broker hands out no more. */
  batchMax: withDefault(Type.Integer({ minimum: 1, maximum: 10_000 }), 500),
  /** What is published. */
  messages: withDefault(Type.Array(oneOf(...types)), []),
  /** Where it is published; empty: the default exchange, whose routing keys are names of queues. */
  exchange: withDefault(Type.String(), ""),
  /** `{type}` is filled in. */
  routingKey: withDefault(Type.String({ minLength: 1 }), "{type}"),
  /** What the consumers do with a message that comes twice: required where messages are published. */
  write: Type.Optional(oneOf("absolute", "keyed", "none")),
  /** Records that are published before their confirmations are waited for. */
  bulkMax: withDefault(Type.Integer({ minimum: 1, maximum: 1_000 }), 50),
  /** A longer record is refused before it is sent; brokers cut the connection at theirs. */
  bytesMax: withDefault(Type.Integer({ minimum: 1 }), 16 * 1024 * 1024),
});

export type AmqpSettings = Static<typeof AmqpSettings>;

/** What the schema cannot say. */
export function checkSettings(settings: AmqpSettings): Fault[] {
  const { url, ca, messages, write, queues, exchange, routingKey, vhost } = settings;
  const faults = checkUrl(url);
  if (ca !== undefined && url.startsWith("amqp:")) {
    faults.push({ path: "$.ca", message: "is of use with amqps alone: mend url." });
  }
  if (messages.length > 0 && write === undefined) {
    const message =
      'is required where messages are published: "keyed" if consumers drop a message id that they had, "absolute" ' +
      'if they keep the last value, else "none".';
    faults.push({ path: "$.write", message });
  }
  if (queues.length + messages.length === 0) {
    faults.push({
      path: "$.queues",
      message: "is empty, and so is messages: name what is read or published.",
    });
  }
  faults.push(...twice("queues", queues), ...twice("messages", messages));
  const longestType = types.reduce((longest, type) => (type.length > longest.length ? type : longest));
  const names = [
    ["$.vhost", vhost],
    ["$.exchange", exchange],
    ["$.routingKey", routingKey.replaceAll("{type}", longestType)],
    ...queues.map((queue, index) => [`$.queues[${index}]`, queue] as const),
  ] as const;
  for (const [path, name] of names) {
    if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
      faults.push({ path, message: `is longer than ${NAME_BYTES_MAX} bytes, which is all that AMQP takes.` });
    }
  }
  return faults;
}

function checkUrl(url: string): Fault[] {
  if (!URL.canParse(url)) return [{ path: "$.url", message: "is no URL." }];
  const { username, password, pathname, search, hostname } = new URL(url);
  if (hostname === "") return [{ path: "$.url", message: "names no host." }];
  if (username !== "" || password !== "") {
    return [{ path: "$.url", message: "holds a name or a password: give them as user and password." }];
  }
  if (pathname.length > 1 || search !== "") {
    return [{ path: "$.url", message: "holds more than a host and a port: give the virtual host as vhost." }];
  }
  return [];
}

function twice(setting: string, names: readonly string[]): Fault[] {
  const name = names.find((one, index) => names.indexOf(one) !== index);
  return name === undefined ? [] : [{ path: `$.${setting}`, message: `names ${name} twice.` }];
}
