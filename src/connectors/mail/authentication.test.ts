import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAuthenticated, type Method } from "./authentication.ts";

const wanted = (...accepts: Method[]) => ({ server: "mx.us.example", accepts });
const any = wanted("dkim", "spf", "dmarc");

describe("a message is authenticated", () => {
  test.each([
    ["dkim of its domain", "mx.us.example; dkim=pass header.d=acme.example header.s=s1"],
    ["dkim of the domain above", "mx.us.example; dkim=pass (2048-bit key) header.d=example"],
    ["spf", "mx.us.example; spf=pass smtp.mailfrom=bounce@acme.example"],
    ["dmarc", "mx.us.example 1; dmarc=pass (p=none; dis=none) header.from=acme.example"],
    [
      "one of several",
      "MX.US.example;\tdkim=fail header.d=acme.example; spf = pass smtp.mailfrom = acme.example",
    ],
    ["with a version of the method", "mx.us.example; dkim/1=pass header.d=ACME.example."],
    ["a reason before it", 'mx.us.example; dkim=pass reason="good; really" header.d=acme.example'],
  ])("by %s", (name, header) => {
    const isAbove = name.includes("above");
    expect(isAuthenticated([header], "acme.example", any)).toBe(!isAbove);
    if (isAbove)
      expect(isAuthenticated([header.replace("=example", "=acme.example")], "eu.acme.example", any)).toBe(
        true,
      );
  });

  test.each([
    ["nothing", []],
    ["another server", ["mx.evil.example; dkim=pass header.d=acme.example"]],
    ["another domain", ["mx.us.example; dkim=pass header.d=evil.example"]],
    ["a domain that ends alike", ["mx.us.example; dkim=pass header.d=me.example"]],
    ["a domain below", ["mx.us.example; dmarc=pass header.from=sub.acme.example"]],
    ["no domain", ["mx.us.example; dkim=pass"]],
    ["a failure", ["mx.us.example; dkim=fail header.d=acme.example"]],
    ["a comment", ["mx.us.example; dkim=none (; dkim=pass header.d=acme.example)"]],
    ["a quote", ['mx.us.example; spf=fail smtp.mailfrom="; dkim=pass header.d=acme.example"']],
    ["a comment that never ends", ["mx.us.example; dkim=pass header.d=acme.example ("]],
    ["two domains", ["mx.us.example; dkim=pass header.d=acme.example header.d=evil.example"]],
    [
      "a header below the server's own",
      ["mx.us.example; dkim=fail header.d=evil.example", "mx.us.example; dkim=pass header.d=acme.example"],
    ],
  ])("not by %s", (_name, headers) => {
    expect(isAuthenticated(headers, "acme.example", any)).toBe(false);
  });

  test("by an accepted method alone", () => {
    const header = "mx.us.example; spf=pass smtp.mailfrom=acme.example";
    expect(isAuthenticated([header], "acme.example", wanted("dkim"))).toBe(false);
    expect(isAuthenticated([header], "acme.example", wanted("dkim", "spf"))).toBe(true);
  });

  test("whatever a sender writes into a comment or a quote, it is not believed", () => {
    const hostile = fc.string({
      unit: fc.constantFrom("; ", "dkim=pass ", "header.d=acme.example", "=", "(", ")", "\\", '"', "a", " "),
    });
    fc.assert(
      fc.property(hostile, (text) => {
        const comment = `mx.us.example; dkim=none (${text.replace(/[\\()]/g, "\\$&")})`;
        const quote = `mx.us.example; spf=fail smtp.mailfrom="${text.replace(/[\\"]/g, "\\$&")}"`;
        expect(isAuthenticated([comment], "acme.example", any)).toBe(false);
        expect(isAuthenticated([quote], "acme.example", any)).toBe(false);
      }),
    );
  });
});
