// One connection to the broker, made when it is needed and anew when it broke. Reading and publishing have one each: a
// broker that is short of memory stops who publishes, and with a shared connection acknowledgements too.
import type { ChannelModel } from "amqplib";
import { CrossdockError } from "../../connector/index.ts";
import type { AmqpSettings } from "./settings.ts";

const CONNECT_MS = 10_000;

export interface Connection {
  model: ChannelModel;
  /** Why the broker takes nothing now; undefined: it does. */
  blocked(): string | undefined;
}

export interface Connecting {
  connected(): Promise<Connection>;
  close(): Promise<void>;
}

export function connecting(settings: AmqpSettings, name: string): Connecting {
  let attempt: Promise<Connection> | undefined;
  return {
    connected() {
      if (attempt !== undefined) return attempt;
      const forget = () => {
        if (attempt === made) attempt = undefined;
      };
      const made = connect(settings, name, forget);
      attempt = made;
      made.catch(forget);
      return made;
    },
    async close() {
      const made = attempt;
      attempt = undefined;
      // One that cannot be made, or is broken already, needs no end.
      await made?.then(({ model }) => model.close()).catch(() => undefined);
    },
  };
}

async function connect(settings: AmqpSettings, name: string, ended: () => void): Promise<Connection> {
  const amqp = await import("amqplib").catch(notInstalled);
  const { protocol, hostname, port } = new URL(settings.url);
  const isTls = protocol === "amqps:";
  const host = hostname.replace(/^\[|\]$/g, "");
  let model: ChannelModel;
  try {
    model = await amqp.connect(
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
        ...(isTls ? { servername: /[a-z]/i.test(host) && !host.includes(":") ? host : "" } : {}),
        ...(settings.ca === undefined ? {} : { ca: [settings.ca] }),
      },
    );
  } catch (error) {
    throw brokerFault(settings, error);
  }
  let reason: string | undefined;
  model.on("blocked", (said) => (reason = said || "it is short of memory or disk"));
  model.on("unblocked", () => (reason = undefined));
  // Who waits hears it from the channel; an event without a listener would end the process.
  model.on("error", ended);
  model.on("close", ended);
  return { model, blocked: () => reason };
}

/** Of an error of the driver: `amqp.denied`, or `amqp.unreachable`. */
export function brokerFault({ url }: AmqpSettings, error: unknown): CrossdockError {
  if (error instanceof CrossdockError) return error;
  const said = error instanceof Error ? error.message || error.name : String(error);
  const code = isDenied(error) ? "amqp.denied" : "amqp.unreachable";
  return new CrossdockError(code, `${url}: ${said}`, { retry: "later", cause: error });
}

/** 403 of a channel has its code; 403 of the handshake, and 530 of a virtual host, are told in words alone. */
function isDenied(error: unknown): boolean {
  const { code, message = "" } = error as { code?: unknown; message?: string };
  return code === 403 || code === 530 || /ACCESS[_-]REFUSED|NOT[_-]ALLOWED/i.test(message);
}

function notInstalled(cause: unknown): never {
  const message = "RabbitMQ needs the package amqplib: npm install --ignore-scripts amqplib@2.3.1";
  throw new CrossdockError("amqp.driver-missing", message, { cause });
}
