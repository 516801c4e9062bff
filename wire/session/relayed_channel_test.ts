import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { relayedPair } from "../testing/relayed_pair.ts";

const test = suite("relayed channel");

const bytes = (...values: number[]) => Uint8Array.from(values);

test("messages go there and back, several in one", async () => {
  const { page, host, sent } = await relayedPair();
  const [atPage, atHost] = [collect(page), collect(host)];
  page.send(bytes(1));
  page.send(bytes(2, 3));
  await until(() => atHost.length === 2);
  assert.is(sent.page, 1);
  host.send(bytes(4));
  await until(() => atPage.length === 1);
  assert.equal([atHost, atPage], [["1", "2,3"], ["4"]]);
  page.close();
});

function collect(channel: { onmessage: (message: Uint8Array<ArrayBuffer> | string) => void }) {
  const messages: string[] = [];
  channel.onmessage = (message) => messages.push(String(message));
  return messages;
}

test.run();
