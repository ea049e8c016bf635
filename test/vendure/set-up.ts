// Installs Vendure before the first test file.
import { ensureInstalled } from "./server.ts";

export default ensureInstalled;
