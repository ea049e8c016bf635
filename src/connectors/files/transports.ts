import { ftpsTransport } from "./ftps.ts";
import { localTransport } from "./local.ts";
import type { PlaceSettings } from "./settings.ts";
import { sftpTransport } from "./sftp.ts";
import type { Transport } from "./transport.ts";

/** Nothing is opened before the first use. */
export function transportOf(place: PlaceSettings): Transport {
  switch (place.transport) {
    case "folder":
      return localTransport(place.path);
    case "sftp":
      return sftpTransport(place);
    case "ftps":
      return ftpsTransport(place);
  }
}
