import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { NetworkReport } from "../signal/report.ts";
import { connectSessions, untilIdle } from "../testing/session_pair.ts";
import { type HttpHandler, serveRequest } from "./http.ts";
import { answerReport, exchangeReports, NETWORK_PATH, reportIn } from "./reports.ts";

const test = suite("reports");

const PAGE: NetworkReport = { candidates: ["mdns"], stun: "silent", way: "relayed" };
const HOST: NetworkReport = { stun: "answers", relay: "on" };

async function exchangeWith(handler: HttpHandler) {
  const { page, host } = await connectSessions({
    host: { onStream: (stream) => void serveRequest(stream, handler) },
  });
  try {
    const got = await exchangeReports(page, PAGE, new AbortController().signal);
    await untilIdle(page, host);
    return got;
  } finally {
    page.close();
    await host.closed;
  }
}

test("each end gets what the other sees", async () => {
  let seen: NetworkReport | undefined;
  const got = await exchangeWith(({ target, headers }) => {
    if (target === NETWORK_PATH) seen = reportIn(headers);
    return Promise.resolve(answerReport(HOST));
  });
  assert.equal([seen, got], [PAGE, HOST]);
});

test("a host of an earlier version tells nothing", async () => {
  const body = new Blob(["not here"]).stream();
  const answer = { status: 404, statusText: "Not Found", headers: [], body };
  assert.is(await exchangeWith(() => Promise.resolve(answer)), undefined);
});

test("a header that is no report is none", () => {
  assert.is(reportIn([["lighthouse-report", "{"]]), undefined);
  assert.is(reportIn([["lighthouse-report", "7"]]), undefined);
  assert.equal(reportIn([["Lighthouse-Report", '{"stun":"off","more":1}']]), { stun: "off" });
});

test.run();
