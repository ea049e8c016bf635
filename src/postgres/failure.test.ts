import pg from "pg";
import { describe, expect, it } from "vitest";
import { CrossdockError } from "../core/errors.ts";
import { queryFailure } from "./failure.ts";

function meaning(state: string): [code: string, retry: string] {
  const error = new pg.DatabaseError("said by the server", 0, "error");
  error.code = state;
  const failure = queryFailure(error, false);
  expect(failure).toBeInstanceOf(CrossdockError);
  const { code, retry, cause } = failure as CrossdockError;
  expect(cause).toBe(error);
  return [code, retry];
}

/** Of PostgreSQL's Appendix A: every state of these classes. */
describe("a temporary fault is tried again later", () => {
  it.each([
    ["08000", "unavailable"],
    ["08001", "unavailable"],
    ["08003", "unavailable"],
    ["08004", "unavailable"],
    ["08006", "unavailable"],
    ["08007", "unavailable"],
    ["08P01", "unavailable"],
    ["25006", "unavailable"],
    ["25P03", "unavailable"],
    ["25P04", "unavailable"],
    ["26000", "plan-outdated"],
    ["40000", "serialization"],
    ["40001", "serialization"],
    ["40003", "commit-unknown"],
    ["40P01", "serialization"],
    ["53000", "unavailable"],
    ["53100", "no-space"],
    ["53200", "unavailable"],
    ["53300", "unavailable"],
    ["53400", "unavailable"],
    ["55000", "not-ready"],
    ["55006", "not-ready"],
    ["55P03", "lock-timeout"],
    ["57000", "unavailable"],
    ["57014", "timeout"],
    ["57P01", "unavailable"],
    ["57P02", "unavailable"],
    ["57P03", "unavailable"],
    ["57P05", "unavailable"],
    ["58000", "unavailable"],
    ["58030", "unavailable"],
    ["72000", "serialization"],
  ])("%s is postgres.%s", (state, code) => {
    expect(meaning(state)).toEqual([`postgres.${code}`, "later"]);
  });

  it("a state that a later version adds to one of these classes is too", () => {
    for (const state of ["08P09", "40P09", "53900", "57P09"]) expect(meaning(state)[1]).toBe("later");
  });
});

describe("what would fail again is not", () => {
  it.each([
    ["22021", "query-failed"],
    ["22P02", "query-failed"],
    ["23505", "constraint"],
    ["23514", "constraint"],
    ["28000", "refused"],
    ["28P01", "refused"],
    ["3D000", "no-database"],
    ["40002", "constraint"],
    ["42501", "no-permission"],
    ["42P01", "query-failed"],
    ["54001", "query-failed"],
    ["55P02", "query-failed"],
    ["55P04", "query-failed"],
    ["57P04", "no-database"],
    ["58P01", "query-failed"],
    ["XX000", "query-failed"],
    ["", "query-failed"],
  ])("%s is postgres.%s", (state, code) => {
    expect(meaning(state)).toEqual([`postgres.${code}`, "never"]);
  });
});
