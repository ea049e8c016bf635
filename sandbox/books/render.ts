// The books as a page that finance can sign: every equation with both sides and its verdict, the documents behind
// each difference, the streams and targets, and lines for signatures. Plain text, at most 100 columns.
import type { Books, Equation } from "./books.ts";
import type { StreamBook, TargetBook } from "./streams.ts";

const WIDTH = 100;
const RULE = "─".repeat(WIDTH);
const DOUBLE_RULE = "═".repeat(WIDTH);

export function render(books: Books): string {
  const lines = [
    ...heading(books),
    ...summary(books),
    ...sections(books.equations),
    ...streamTable(books.books),
    ...targetTable(books.books),
    ...shortfalls(books),
    ...signatures(books),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function heading({ drawnAt, inputFile, balanced, equations }: Books): string[] {
  const failed = equations.filter((equation) => !equation.balanced).length;
  const verdict = balanced
    ? `All ${equations.length} equations balance.`
    : `NOT BALANCED: ${failed} of ${equations.length} equations differ.`;
  const at = `${drawnAt.slice(0, 10)} ${drawnAt.slice(11, 19)} UTC`;
  return [
    DOUBLE_RULE,
    beside("BOOKS OF THE DISTRIBUTOR", at),
    DOUBLE_RULE,
    ...wrap(`Input: ${inputFile}`, ""),
    verdict,
    "",
  ];
}

function summary({ orders, invoiced, expected, unrounded, credited, exceptions, oversold }: Books): string[] {
  const figures = Object.entries(orders).map(([name, count]) => `${name} ${group(String(count))}`);
  const open = Object.entries(exceptions).map(([name, count]) => `${name} ${group(String(count))}`);
  const money = ({ amount, currency }: Books["invoiced"]) => `${group(amount)} ${currency}`;
  return [
    ...wrap(`Orders      ${figures.join(", ")}`, " ".repeat(12)),
    `Invoiced    ${money(invoiced)}; expected ${money(expected)}; before rounding ${group(unrounded)} ${expected.currency}`,
    `Credited    ${money(credited)}`,
    ...wrap(`Exceptions  ${open.join(", ")}`, " ".repeat(12)),
    `Oversold    ${group(String(oversold))} units`,
    "",
  ];
}

function sections(equations: readonly Equation[]): string[] {
  let number = 0;
  return [...Map.groupBy(equations, (equation) => equation.section)].flatMap(([section, own]) => [
    RULE,
    section.toUpperCase(),
    RULE,
    ...own.flatMap((equation) => describe(equation, ++number)),
  ]);
}

function describe(equation: Equation, number: number): string[] {
  const { title, left, right, difference, balanced, differing, failures } = equation;
  const label = `${String(number).padStart(3)}  `;
  const indent = " ".repeat(label.length);
  const titles = wrap(`${label}${title}`, indent, WIDTH - 12);
  titles[0] = beside(titles[0]!, balanced ? "balanced" : "DIFFERS");
  const lines = [...titles, ...amounts(left, "  "), ...amounts(right, "= ")];
  if (balanced) return [...lines, ""];
  lines.push(beside(`${indent}  difference`, group(difference)));
  const documents = differing === 1 ? "1 document differs" : `${group(String(differing))} documents differ`;
  lines.push(`${indent}${documents}${differing > failures.length ? "; the first of them" : ""}:`);
  for (const failure of failures) {
    const sides = `${group(failure.left)} ≠ ${group(failure.right)}`;
    const names = wrap(`${indent}  ${failure.document}`, `${indent}    `, WIDTH - sides.length - 2);
    names[0] = beside(names[0]!, sides);
    lines.push(...names);
  }
  return [...lines, ""];
}

function amounts(terms: Equation["left"], sign: string): string[] {
  return terms.map(({ label, amount }, index) =>
    beside(`     ${index === 0 ? sign : "+ "}${label}`, group(amount)),
  );
}

function streamTable(books: Books["books"]): string[] {
  const streams = books.filter((book): book is StreamBook => "stream" in book);
  const head = [
    "stream",
    "mapped",
    "ignored",
    "failed",
    "again",
    "recorded",
    "known",
    "conflict",
    "rejected",
  ];
  const rows = streams.map(({ stream, native, events }) =>
    [
      native.mapped,
      native.ignored,
      native.failed,
      native.duplicate,
      events.recorded,
      events.duplicate,
      events.conflict,
      events.rejected,
    ]
      .map((count) => group(String(count)))
      .toSpliced(0, 0, stream),
  );
  const witnesses = streams.flatMap(({ stream, witnesses: said }) =>
    said.length === 0
      ? [`${stream}: unwitnessed; its source counts nothing that could be compared.`]
      : said.map(
          ({ what, stated, received }) =>
            `${stream}: ${what} ${group(String(stated))}, received ${group(String(received))}`,
        ),
  );
  return [RULE, "STREAMS (messages, then events)", RULE, ...table([head, ...rows]), "", ...witnesses, ""];
}

function targetTable(books: Books["books"]): string[] {
  const targets = books.filter((book): book is TargetBook => "target" in book);
  const head = ["target", "flow", "routed", "delivered", "merged", "parked", "skipped", "waiting"];
  const rows = targets.map((book) => [
    book.target,
    book.flow,
    ...[book.routed, book.delivered, book.merged, book.parked, book.skipped, book.waiting].map((count) =>
      group(String(count)),
    ),
  ]);
  return [RULE, "TARGETS (deliveries)", RULE, ...table([head, ...rows], 2), ""];
}

function shortfalls({ shortfalls: short }: Books): string[] {
  if (short.length === 0) return [RULE, "SHORTFALLS: none", ""];
  return [
    RULE,
    "SHORTFALLS",
    RULE,
    ...short.flatMap(({ sku, location, units, orders }) => {
      const where = location === "" ? "waiting" : `at ${location}`;
      return wrap(
        `${sku} ${where}, ${group(units)} units: orders ${orders.join(", ") || "none named"}`,
        "    ",
      );
    }),
    "",
  ];
}

function signatures({ balanced }: Books): string[] {
  const line = (who: string) => `${who.padEnd(20)}${"_".repeat(44)}    Date ${"_".repeat(22)}`;
  const remark = balanced ? [] : ["Not to be signed before the differences above are explained.", ""];
  return [RULE, "", ...remark, line("Drawn up by"), "", line("Operations"), "", line("Finance"), ""];
}

/** Texts to the left, figures to the right. */
function table(rows: readonly string[][], texts = 1): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < texts ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
}

function beside(left: string, right: string): string {
  const dots = WIDTH - left.length - right.length - 2;
  return dots < 1 ? `${left}  ${right}` : `${left} ${" ".repeat(dots)} ${right}`;
}

/** Thousands apart: "1234567.89" is "1,234,567.89". Anything that is no figure stays as it is. */
function group(figure: string): string {
  if (!/^-?\d+(\.\d+)?$/.test(figure)) return figure;
  const [whole, fraction] = figure.split(".");
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

function wrap(text: string, indent: string, width = WIDTH): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const at = space > indent.length ? space : width;
    lines.push(rest.slice(0, at));
    rest = indent + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}
