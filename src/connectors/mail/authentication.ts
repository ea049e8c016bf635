// What our own mail server found of a message, as it wrote it into Authentication-Results (RFC 8601). Much of such a
// header is copied from the message: what stands in comments and quotes is nobody's word.
export type Method = "dkim" | "spf" | "dmarc";

/** The property that names the domain for which a method passed. */
const DOMAIN_OF: Record<Method, string> = {
  dkim: "header.d",
  spf: "smtp.mailfrom",
  dmarc: "header.from",
};

export interface Wanted {
  server: string;
  accepts: readonly Method[];
}

/**
 * `headers` are the values of Authentication-Results as they stand in the message, from the top. A server puts its own
 * above what came, so that the first of its name counts, and none below it, which anybody may have written.
 */
export function isAuthenticated(headers: readonly string[], fromDomain: string, wanted: Wanted): boolean {
  const server = wanted.server.toLowerCase();
  const own = headers.map(statementsOf).find((statements) => serverOf(statements) === server);
  if (own === undefined) return false;
  const domain = fromDomain.toLowerCase();
  return own.slice(1).some((statement) => wanted.accepts.some((method) => passes(statement, method, domain)));
}

function serverOf(statements: string[] | undefined): string | undefined {
  return statements?.[0]?.split(" ")[0]?.toLowerCase();
}

/** `dkim=pass header.d=acme.example` */
function passes(statement: string, method: Method, fromDomain: string): boolean {
  const [result = "", ...properties] = statement.toLowerCase().split(" ");
  if (result.replace(/\/\d+=/, "=") !== `${method}=pass`) return false;
  const prefix = `${DOMAIN_OF[method]}=`;
  const domains = properties
    .filter((property) => property.startsWith(prefix))
    .map((property) => property.slice(property.lastIndexOf("@") + 1 || prefix.length).replace(/\.$/, ""));
  return domains.length > 0 && domains.every((domain) => speaksFor(domain, fromDomain, method));
}

/** A domain speaks for itself and for those below it. */
function speaksFor(domain: string, fromDomain: string, method: Method): boolean {
  if (domain === fromDomain) return true;
  return method !== "dmarc" && domain.includes(".") && fromDomain.endsWith(`.${domain}`);
}

/** The statements between semicolons, without comments, one space between words; undefined: it is broken. */
function statementsOf(value: string): string[] | undefined {
  let plain = "";
  let depth = 0;
  let isQuoted = false;
  let quoted = "";
  for (let index = 0; index < value.length; index++) {
    const character = value[index]!;
    if (character === "\\" && (isQuoted || depth > 0)) {
      index += 1;
      quoted += "\\";
    } else if (isQuoted) {
      if (character === '"') {
        // Anything but a plain word is no domain and no result.
        plain += /^[A-Za-z0-9.@_+-]+$/.test(quoted) ? quoted : "?";
        isQuoted = false;
      } else quoted += character;
    } else if (character === "(") depth += 1;
    else if (character === ")") {
      if (depth === 0) return undefined;
      depth -= 1;
      plain += " ";
    } else if (depth > 0) continue;
    else if (character === '"') {
      isQuoted = true;
      quoted = "";
    } else plain += character;
  }
  if (isQuoted || depth > 0) return undefined;
  return plain.split(";").map((statement) =>
    statement
      .replace(/\s*=\s*/g, "=")
      .replace(/\s+/g, " ")
      .trim(),
  );
}
