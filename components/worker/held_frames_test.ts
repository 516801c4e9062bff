import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { holdFrames } from "./held_frames.ts";

const test = suite("holdFrames");

const held = (...chunks: string[]) => heldIn(false, ...chunks);

async function heldIn(isMoved: boolean, ...chunks: string[]): Promise<string> {
  const bytes = chunks.map((chunk) => Uint8Array.from(chunk, (each) => each.charCodeAt(0)));
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of bytes) controller.enqueue(chunk);
      controller.close();
    },
  });
  const body = source.pipeThrough(holdFrames(isMoved));
  let text = "";
  for await (const chunk of body) text += String.fromCharCode(...chunk);
  return text;
}

test("a sandboxed frame is held, with all bytes around it", async () => {
  assert.is(
    await held('\xe9\x80<iframe sandbox src="/a>b"></iframe>\xff'),
    '\xe9\x80<iframe srcdoc=. sandbox src="/a>b"></iframe>\xff',
  );
});

test("other frames stay as they are", async () => {
  for (
    const html of [
      '<iframe src="/a"></iframe>',
      '<iframe sandbox="allow-scripts allow-same-origin" src="/a"></iframe>',
      '<iframe sandbox srcdoc="text" src="/a"></iframe>',
      '<iframe sandbox name="a"></iframe>',
      "a < b <if",
    ]
  ) {
    assert.is(await held(html), html);
  }
});

test("where a URL may be outside of the scope, any frame is held", async () => {
  const held = await heldIn(
    true,
    '<iframe src="/a"></iframe><iframe srcdoc="<p>" src="/a"></iframe>',
  );
  assert.is(held, '<iframe srcdoc=. src="/a"></iframe><iframe srcdoc="<p>" src="/a"></iframe>');
});

test("a frame is held wherever its tag is cut", async () => {
  const html = '<p><IFRAME src=a SANDBOX="allow-scripts"></p>';
  const whole = await held(html);
  assert.is(whole, '<p><IFRAME srcdoc=. src=a SANDBOX="allow-scripts"></p>');
  for (let at = 1; at < html.length; at++) {
    assert.is(await held(html.slice(0, at), html.slice(at)), whole, `cut at ${at}`);
  }
});

test.run();
