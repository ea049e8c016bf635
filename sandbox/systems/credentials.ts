// The credentials of the simulated systems. They guard nothing but the simulation.

export const credentials = {
  erp: { apiKey: "ledgerline-demo-key" },
  crm: { clientId: "crossdock", clientSecret: "relata-demo-secret" },
  east: { token: "east-demo-token", webhookSecret: "east-demo-webhook-secret" },
  partner: { apiKey: "parcelworks-demo-key" },
  portal: { token: "tradefront-demo-token", webhookToken: "tradefront-demo-push-token" },
};
