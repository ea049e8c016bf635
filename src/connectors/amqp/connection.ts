// One connection to the broker, made when it is needed and anew when it broke. Reading and publishing have one each: a
// broker that is short of memory stops who publishes, and with a shared connection acknowledgements too.
import type { Duplex } from "node:stream";
import type { Channel, ChannelModel } from "amqplib";
import { CrossdockError } from "../../connector/index.ts";
import { within } from "./limit.ts";
import type { AmqpSettings } from "./settings.ts";

/** For the connection, and for a channel on it. */
const CONNECT_MS = 10_000;
/** For a question on a channel. */
export const ANSWER_MS = 10_000;
const CLOSE_MS = 2_000;

interface Connection {
  model: ChannelModel;
  /** Why the broker takes nothing now; undefined: it does. */
  blocked(): string | undefined;
  /** Why the connection is no more; the driver tells a channel only that it ended. */
  broken(): Error | undefined;
}

export interface Opened<C extends Channel> extends Omit<Connection, "model"> {
  channel: C;
}

export interface Connecting {
  /** A new channel. A connection that gives none is given up, unless a signal ended the waiting. */
  open<C extends Channel>(
    make: (model: ChannelModel) => Promise<C>,
    ...signals: (AbortSignal | undefined)[]
  ): Promise<Opened<C>>;
  close(): Promise<void>;
}

export function connecting(settings: AmqpSettings, name: string): Connecting {
  let attempt: Promise<Connection> | undefined;
  let isClosed = false;
  const connected = (): Promise<Connection> => {
    if (attempt !== undefined) return attempt;
    const forget = () => {
      if (attempt === made) attempt = undefined;
    };
    const made = connect(settings, name, forget);
    attempt = made;
    made.catch(forget);
    return made;
  };
  return {
    async open(make, ...signals) {
      // Who reads on after the end would leave a connection behind.
      if (isClosed)
        throw new CrossdockError("amqp.unreachable", "The session is closed.", { retry: "later" });
      const made = connected();
      const { model, blocked, broken } = await within(2 * CONNECT_MS, made, ...signals);
      const making = make(model);
      try {
        return { channel: await within(CONNECT_MS, making, ...signals), blocked, broken };
      } catch (error) {
        // One that comes after all is closed.
        void making.then(closeChannel).catch(() => undefined);
        if (!signals.some((signal) => signal?.aborted)) {
          if (attempt === made) attempt = undefined;
          void end(model);
        }
        throw broken() ?? error;
      }
    },
    async close() {
      isClosed = true;
      const made = attempt;
      attempt = undefined;
      // One that cannot be made needs no end; one that is made late ends then.
      await within(2 * CLOSE_MS, made?.then(({ model }) => end(model)) ?? Promise.resolve()).catch(
        () => undefined,
      );
    },
  };
}

/** One that is closed already has given its messages back, and one whose connection broke never answers. */
export async function closeChannel(channel: Channel): Promise<void> {
  await within(CLOSE_MS, closing(channel)).catch(() => undefined);
}

async function end(model: ChannelModel): Promise<void> {
  await within(CLOSE_MS, closing(model)).catch(() => undefined);
  socketOf(model).destroy();
}

/** The driver throws where there is nothing to close. */
async function closing(what: Channel | ChannelModel): Promise<void> {
  await what.close();
}

/** The driver only ends it: of a peer that is gone it would stay for as long as the system keeps it. */
function socketOf(model: ChannelModel): Duplex {
  return (model.connection as unknown as { stream: Duplex }).stream;
}

async function connect(settings: AmqpSettings, name: string, ended: () => void): Promise<Connection> {
  const making = dial(settings, name);
  let model: ChannelModel;
  try {
    model = await within(CONNECT_MS, making);
  } catch (error) {
    void making.then(end).catch(() => undefined);
    throw brokerFault(settings, error);
  }
  let blocked: string | undefined;
  let broken: Error | undefined;
  model.on("blocked", (said) => (blocked = said || "it is short of memory or disk"));
  model.on("unblocked", () => (blocked = undefined));
  // Its channels end with it.
  const over = (error?: Error) => {
    broken ??= error ?? new Error("The connection was closed.");
    ended();
  };
  model.on("error", over);
  model.on("close", (error) => {
    over(error);
    setTimeout(() => socketOf(model).destroy(), CLOSE_MS).unref();
  });
  return { model, blocked: () => blocked, broken: () => broken };
}

async function dial(settings: AmqpSettings, name: string): Promise<ChannelModel> {
  const amqp = await import("amqplib").catch(notInstalled);
  const { protocol, hostname, port } = new URL(settings.url);
  const isTls = protocol === "amqps:";
  const host = hostname.replace(/^\[|\]$/g, "");
  const model = await amqp.connect(
    {
      protocol: protocol.slice(0, -1),
      hostname: host,
      port: port === "" ? (isTls ? 5671 : 5672) : Number(port),
      // The driver decodes it as a part of a URL.
      vhost: encodeURIComponent(settings.vhost),
      username: settings.user,
      password: settings.password,
      heartbeat: settings.heartbeatSeconds,
    },
    {
      timeout: CONNECT_MS,
      noDelay: true,
      clientProperties: { connection_name: name },
      ...(settings.ca === undefined ? {} : { ca: [settings.ca] }),
    },
  );
  // An event without a listener would end the process, also of a connection that comes too late for anybody.
  model.on("error", () => undefined);
  return model;
}

/** Of an error of the driver: `amqp.denied`, or `amqp.unreachable`. */
export function brokerFault({ url, vhost }: AmqpSettings, error: unknown): CrossdockError {
  if (error instanceof CrossdockError) return error;
  let said = error instanceof Error ? error.message || error.name : String(error);
  // The account is let in by then; the driver does not say what the broker said.
  const isShut = /Expected ConnectionOpenOk; got <ConnectionClose/.test(said);
  if (isShut) said = `the virtual host ${vhost} is not there, not open to the account, or full.`;
  const code = isShut || isDenied(error) ? "amqp.denied" : "amqp.unreachable";
  return new CrossdockError(code, `${url}: ${said}`, { retry: "later", cause: error });
}

/** 403 of a channel has its code; 403 of the handshake is told in words alone. */
function isDenied(error: unknown): boolean {
  const { code, message = "" } = error as { code?: unknown; message?: string };
  return code === 403 || code === 530 || /ACCESS[_-]REFUSED|NOT[_-]ALLOWED/i.test(message);
}

function notInstalled(cause: unknown): never {
  const message = "RabbitMQ needs the package amqplib: npm install --ignore-scripts amqplib@2.3.1";
  throw new CrossdockError("amqp.driver-missing", message, { cause });
}
