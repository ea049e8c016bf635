// Access tokens of Relata: client credentials for a token that lasts a few minutes and is not renewed
// by use. An expired one is refused as INVALID_SESSION_ID.

import { randomBytes } from "node:crypto";
import { credentials } from "../credentials.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest } from "../simulation/router.ts";
import type { CrmSettings } from "./records.ts";

export class Tokens {
  private readonly expiresAt = new Map<string, number>();
  private readonly settings: CrmSettings;

  constructor(settings: CrmSettings) {
    this.settings = settings;
  }

  grant(request: NativeRequest): NativeAnswer {
    const form = new URLSearchParams(request.body);
    if (form.get("grant_type") !== "client_credentials") {
      return oauthError(400, "unsupported_grant_type", "grant type must be client_credentials");
    }
    const { clientId, clientSecret } = credentials.crm;
    if (form.get("client_id") !== clientId || form.get("client_secret") !== clientSecret) {
      return oauthError(401, "invalid_client", "invalid client credentials");
    }
    const now = Date.now();
    for (const [token, end] of this.expiresAt) if (end <= now) this.expiresAt.delete(token);
    const token = `00D${randomBytes(24).toString("base64url")}`;
    this.expiresAt.set(token, now + this.settings.tokenTtlMs);
    return {
      status: 200,
      body: {
        access_token: token,
        token_type: "Bearer",
        issued_at: String(now),
        expires_in: Math.floor(this.settings.tokenTtlMs / 1000),
      },
    };
  }

  check(request: NativeRequest): void {
    const header = request.headers.authorization ?? "";
    const end = header.startsWith("Bearer ") ? this.expiresAt.get(header.slice(7)) : undefined;
    if (end === undefined || end <= Date.now()) {
      throw new Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid");
    }
  }

  clear(): void {
    this.expiresAt.clear();
  }
}

function oauthError(status: number, error: string, description: string): NativeAnswer {
  return { status, body: { error, error_description: description } };
}
