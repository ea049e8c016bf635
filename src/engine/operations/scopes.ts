// What an API key may be allowed: to speak for systems, to use business services, to operate.

export const scopes = ["system:write", "process:read", "process:write", "ops:read", "ops:write"] as const;
export type Scope = (typeof scopes)[number];
