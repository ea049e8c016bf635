// `crossdock`: what a configuration is written with. Loads no driver.
export { CrossdockError } from "./core/errors.ts";
export { defineIntegration, env, flow, type Integration, secret } from "./policy/define.ts";
