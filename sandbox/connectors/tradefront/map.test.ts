import { describe, expect, it } from "vitest";
import { noCodes } from "../../../src/connector/codes.ts";
import { checkEvent, openDeclared, readPairs, testContext } from "../testing.ts";
import { tradefront } from "./index.ts";

const session = openDeclared(
  tradefront({ url: "http://127.0.0.1:1", token: "token", webhookToken: "webhook-token" }),
  testContext("portal"),
);

describe("what tradefront says in our words", () => {
  it.each(readPairs(new URL("./fixtures/", import.meta.url)))("$name", ({ message, mapping }) => {
    const mapped = session.map(message, noCodes);
    expect(mapped).toEqual(mapping);
    if ("events" in mapped) for (const { type, data } of mapped.events) checkEvent(type, data);
    // Pure: the same again, and from bytes.
    expect(session.map({ ...message, body: Buffer.from(message.body) }, noCodes)).toEqual(mapping);
  });

  it("fails with a reason where a message is not what it should be", () => {
    for (const body of ["", "null", "[]", "{}", '{"order":1}']) {
      const broken = { topic: "orders", id: "1", contentType: "application/json", body };
      expect(session.map(broken, noCodes)).toEqual({ failed: expect.any(String) });
    }
    const strange = { topic: "toString", id: "1", contentType: "application/json", body: "{}" };
    expect(session.map(strange, noCodes)).toEqual({ failed: "There is no topic toString." });
  });
});
