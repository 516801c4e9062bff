import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { errorCodes, isErrorCode, LighthouseError } from "./error.ts";

const test = suite("error");

test("LighthouseError keeps code, message and cause", () => {
  const cause = new Error("underneath");
  const error = new LighthouseError("peer-gone", "The page is gone", { cause });
  assert.instance(error, Error);
  assert.is(error.name, "LighthouseError");
  assert.is(error.code, "peer-gone");
  assert.is(error.message, "The page is gone");
  assert.is(error.cause, cause);
});

test("LighthouseError.from() returns a LighthouseError as it is", () => {
  const error = new LighthouseError("closed", "Closed");
  assert.is(LighthouseError.from(error, "aborted"), error);
});

for (
  const [what, value, message] of [
    ["an Error", new TypeError("not a number"), "not a number"],
    ["a DOMException", new DOMException("took too long", "TimeoutError"), "took too long"],
    ["a string", "stop", "stop"],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
  ] as const
) {
  test(`LighthouseError.from() wraps ${what} and keeps it as the cause`, () => {
    const error = LighthouseError.from(value, "aborted");
    assert.is(error.code, "aborted");
    assert.is(error.message, message);
    assert.is(error.cause, value);
  });
}

test("isErrorCode() takes each code and nothing else", () => {
  for (const code of errorCodes) assert.is(isErrorCode(code), true, code);
  for (const value of ["", "CLOSED", "toString", 0, null, undefined, ["closed"], {}]) {
    assert.is(isErrorCode(value), false, String(value));
  }
});

test("errorCodes has each code once", () => {
  assert.is(new Set(errorCodes).size, errorCodes.length);
});

test.run();
