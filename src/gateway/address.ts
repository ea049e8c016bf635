// Where the gateway listens unless it is told: on this machine alone.

export const DEFAULT_PORT = 4400;
export const DEFAULT_HOST = "127.0.0.1";
