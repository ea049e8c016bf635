import { expect, test } from "vitest";
import { COUNTRIES, countryByName, countryName, isCountry } from "./country.ts";

test("all 249 codes, each with a name that leads back to it", () => {
  expect(COUNTRIES.size).toBe(249);
  for (const [code, name] of COUNTRIES) {
    expect(code).toMatch(/^[A-Z]{2}$/);
    expect(name).toMatch(/^[\p{L}][\p{L}' ,().-]+$/u);
    expect(countryByName(name)).toBe(code);
  }
});

test("agrees with the names that the platform knows", () => {
  const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  const unknown = [...COUNTRIES.keys()].filter((code) => names.of(code) === undefined);
  expect(unknown).toEqual([]);
});

test.each(["UK", "EU", "XX", "gb", "", "GBR", "AN", "XK"])("%j is no country", (code) => {
  expect(isCountry(code)).toBe(false);
});

test.each([
  ["United Kingdom", "GB"],
  ["  united   KINGDOM ", "GB"],
  ["EIRE", "IE"],
  ["RSA", "ZA"],
  ["USA", "US"],
  ["U.S.A.", "US"],
  ["Korea", "KR"],
  ["Czech Republic", "CZ"],
  ["Cote d’Ivoire", "CI"],
  ["Curacao", "CW"],
  ["Trinidad & Tobago", "TT"],
  ["St. Lucia", "LC"],
  ["Turkey", "TR"],
  ["Viet Nam", "VN"],
  ["Vietnam", "VN"],
  ["Guinea", "GN"],
])("%j is %s", (name, code) => {
  expect(countryByName(name)).toBe(code);
  expect(isCountry(code)).toBe(true);
});

test.each(["Unspecified", "European Community", "Channel Islands", "West Indies", "", "Niger-ia"])(
  "%j is not guessed",
  (name) => {
    expect(countryByName(name)).toBeUndefined();
  },
);

test("a code has a name", () => {
  expect(countryName("DE")).toBe("Germany");
  expect(countryName("constructor")).toBeUndefined();
});
