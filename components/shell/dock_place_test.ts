import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type Corner, cornerAfter, cornerAt, cornerByKey, parseCorner } from "./dock_place.ts";

const test = suite("dock place");

test("a drag ends in the nearest corner", () => {
  assert.is(cornerAt(10, 10, 400, 800), "top-left");
  assert.is(cornerAt(390, 399, 400, 800), "top-right");
  assert.is(cornerAt(199, 401, 400, 800), "bottom-left");
  assert.is(cornerAt(200, 400, 400, 800), "bottom-right");
});

test("arrow keys move along one side", () => {
  assert.is(cornerByKey("bottom-right", "ArrowUp"), "top-right");
  assert.is(cornerByKey("top-right", "ArrowLeft"), "top-left");
  assert.is(cornerByKey("top-left", "ArrowLeft"), "top-left");
  assert.is(cornerByKey("top-left", "ArrowDown"), "bottom-left");
  assert.is(cornerByKey("bottom-left", "ArrowRight"), "bottom-right");
  assert.is(cornerByKey("bottom-left", "Enter"), undefined);
});

test("the way round passes all corners", () => {
  let corner: Corner = "bottom-right";
  const seen = new Set<Corner>();
  for (let step = 0; step < 4; step++) seen.add(corner = cornerAfter(corner));
  assert.is(seen.size, 4);
  assert.is(corner, "bottom-right");
});

test("a kept text that is no corner counts as none", () => {
  assert.is(parseCorner("top-left"), "top-left");
  for (const text of ["", "middle", null, undefined]) assert.is(parseCorner(text), "bottom-right");
});

test.run();
