// The `$filter` that Ledgerline understands: eq ne gt ge lt le in, startswith, contains, and, or, not,
// parentheses; fields of the record itself, not of its lines. Anything else is FILTER_INVALID.

import { Refusal } from "../simulation/refusal.ts";

type Literal = string | number | boolean | null | Moment;

/** A date or time literal, which compares with date-only texts and with "/Date(ms)/". */
interface Moment {
  text: string;
  ms: number;
}

type Test = (record: Record<string, unknown>) => boolean;

export interface Filter {
  test: Test;
  /** `field eq text` conditions that every match fulfils: an index may serve them. */
  equalities: Array<{ field: string; value: unknown }>;
}

const TOKEN =
  /\s*(?:(\(|\)|,)|('(?:[^']|'')*')|(datetime'[^']*')|(\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*))/y;

interface Token {
  kind: "punctuation" | "text" | "moment" | "number" | "word";
  value: string;
}

export function parseFilter(source: string, fields: ReadonlySet<string>): Filter {
  const parser = new Parser(tokenize(source), fields);
  const node = parser.either();
  parser.end();
  return node;
}

function invalid(message: string): Refusal {
  return new Refusal(400, "FILTER_INVALID", message);
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) {
      if (source.slice(at).trim() === "") break;
      throw invalid(`Cannot read the filter at: ${source.slice(at, at + 20)}`);
    }
    const [, punctuation, text, datetime, moment, number, word] = match;
    if (punctuation) tokens.push({ kind: "punctuation", value: punctuation });
    else if (text) tokens.push({ kind: "text", value: text.slice(1, -1).replaceAll("''", "'") });
    else if (datetime) tokens.push({ kind: "moment", value: datetime.slice(9, -1) });
    else if (moment) tokens.push({ kind: "moment", value: moment });
    else if (number) tokens.push({ kind: "number", value: number });
    else tokens.push({ kind: "word", value: word as string });
  }
  return tokens;
}

class Parser {
  private at = 0;
  private readonly tokens: Token[];
  private readonly fields: ReadonlySet<string>;

  constructor(tokens: Token[], fields: ReadonlySet<string>) {
    this.tokens = tokens;
    this.fields = fields;
  }

  end(): void {
    const left = this.tokens[this.at];
    if (left) throw invalid(`Unexpected ${left.value}`);
  }

  either(): Filter {
    let node = this.both();
    while (this.takeWord("or")) {
      const left = node;
      const right = this.both();
      node = { test: (record) => left.test(record) || right.test(record), equalities: [] };
    }
    return node;
  }

  private both(): Filter {
    let node = this.single();
    while (this.takeWord("and")) {
      const left = node;
      const right = this.single();
      node = {
        test: (record) => left.test(record) && right.test(record),
        equalities: [...left.equalities, ...right.equalities],
      };
    }
    return node;
  }

  private single(): Filter {
    if (this.takeWord("not")) {
      const inner = this.single();
      return { test: (record) => !inner.test(record), equalities: [] };
    }
    if (this.takePunctuation("(")) {
      const inner = this.either();
      this.expect(")");
      return inner;
    }
    const name = this.word();
    if (name === "startswith" || name === "contains") return this.textFunction(name);
    return this.comparison(this.known(name));
  }

  private textFunction(name: "startswith" | "contains"): Filter {
    this.expect("(");
    const field = this.known(this.word());
    this.expect(",");
    const part = this.literal();
    this.expect(")");
    if (typeof part !== "string") throw invalid(`${name} needs a text`);
    const test: Test = (record) => {
      const value = record[field];
      if (typeof value !== "string") return false;
      return name === "contains" ? value.includes(part) : value.startsWith(part);
    };
    return { test, equalities: [] };
  }

  private comparison(field: string): Filter {
    const operator = this.word();
    if (operator === "in") return this.membership(field);
    const literal = this.literal();
    const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
    if (!compare) throw invalid(`Unknown operator ${operator}`);
    const equalities = operator === "eq" && !isMoment(literal) ? [{ field, value: literal }] : [];
    return { test: (record) => compare(record[field], literal), equalities };
  }

  private membership(field: string): Filter {
    this.expect("(");
    const values = new Set<unknown>();
    do values.add(this.literal());
    while (this.takePunctuation(","));
    this.expect(")");
    return { test: (record) => values.has(record[field]), equalities: [] };
  }

  private known(name: string): string {
    if (!this.fields.has(name)) throw invalid(`Unknown field ${name}`);
    return name;
  }

  private word(): string {
    const token = this.tokens[this.at];
    if (token?.kind !== "word") throw invalid(`Expected a name, found ${token?.value ?? "the end"}`);
    this.at += 1;
    return token.value;
  }

  private literal(): Literal {
    const token = this.tokens[this.at];
    this.at += 1;
    if (token?.kind === "text") return token.value;
    if (token?.kind === "number") return Number(token.value);
    if (token?.kind === "moment") return moment(token.value);
    if (token?.kind === "word" && token.value === "null") return null;
    if (token?.kind === "word" && token.value === "true") return true;
    if (token?.kind === "word" && token.value === "false") return false;
    throw invalid(`Expected a value, found ${token?.value ?? "the end"}`);
  }

  private takeWord(value: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== "word" || token.value !== value) return false;
    this.at += 1;
    return true;
  }

  private takePunctuation(value: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== "punctuation" || token.value !== value) return false;
    this.at += 1;
    return true;
  }

  private expect(value: string): void {
    if (!this.takePunctuation(value)) throw invalid(`Expected ${value}`);
  }
}

function moment(text: string): Moment {
  const zoned = /T/.test(text) && !/(Z|[+-]\d\d:\d\d)$/.test(text) ? `${text}Z` : text;
  const ms = Date.parse(zoned);
  if (Number.isNaN(ms)) throw invalid(`${text} is no date`);
  return { text, ms };
}

function isMoment(value: Literal): value is Moment {
  return typeof value === "object" && value !== null;
}

/** Below, at or above zero; undefined where the two cannot be compared. */
function order(value: unknown, literal: Literal): number | undefined {
  if (isMoment(literal)) {
    if (typeof value !== "string") return undefined;
    if (value.startsWith("/Date(")) return Number(value.slice(6, -2)) - literal.ms;
    return value < literal.text ? -1 : value > literal.text ? 1 : 0;
  }
  if (typeof value === "string" && typeof literal === "string") {
    return value < literal ? -1 : value > literal ? 1 : 0;
  }
  if (typeof value === "number" && typeof literal === "number") return value - literal;
  return value === literal ? 0 : undefined;
}

const comparisons: Record<string, (value: unknown, literal: Literal) => boolean> = {
  eq: (value, literal) => order(value, literal) === 0,
  ne: (value, literal) => order(value, literal) !== 0,
  gt: (value, literal) => (order(value, literal) ?? -1) > 0,
  ge: (value, literal) => (order(value, literal) ?? -1) >= 0,
  lt: (value, literal) => (order(value, literal) ?? 1) < 0,
  le: (value, literal) => (order(value, literal) ?? 1) <= 0,
};
