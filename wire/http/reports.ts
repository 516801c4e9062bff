// Reports between page and host inside a session: the page may have looked at its network only after the
// offer, when the direct connection did not come about.
import { type NetworkReport, parseReport } from "../signal/report.ts";
import { type HeaderField, type HttpResponse, sendRequest, type StreamOpener } from "./http.ts";

/** Answers 204 to a GET. Both messages have the sender's report in {@linkcode REPORT}. */
export const NETWORK_PATH = "/.lighthouse/network";

/** The header with a report as JSON, which has only ASCII. */
const REPORT = "lighthouse-report";

/**
 * Tells the host what the page sees.
 *
 * @returns What the host sees; undefined from a host of an earlier version.
 * @throws {LighthouseError} If the session ends; the signal's reason when aborted.
 */
export async function exchangeReports(
  session: StreamOpener,
  report: NetworkReport,
  signal: AbortSignal,
): Promise<NetworkReport | undefined> {
  const request = { method: "GET", target: NETWORK_PATH, headers: [fieldOf(report)], body: null };
  const { headers, body } = await sendRequest(session, request, signal);
  await body?.cancel();
  return reportIn(headers);
}

/** The host's answer. */
export function answerReport(report: NetworkReport): HttpResponse {
  return { status: 204, statusText: "No Content", headers: [fieldOf(report)], body: null };
}

/** The report that a message brings. */
export function reportIn(headers: HeaderField[]): NetworkReport | undefined {
  const [, text] = headers.find(([name]) => name.toLowerCase() === REPORT) ?? [];
  try {
    return text === undefined ? undefined : parseReport(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function fieldOf(report: NetworkReport): HeaderField {
  return [REPORT, JSON.stringify(report)];
}
