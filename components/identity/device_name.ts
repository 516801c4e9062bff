// The name that a browser proposes for itself when it is paired, such as "Chrome on Android".

/** A browser's description of itself, as far as it is read here. */
export interface Agent {
  userAgent: string;
  /** Only in Chromium: https://wicg.github.io/ua-client-hints/#interface */
  userAgentData?: {
    brands: { brand: string }[];
    platform: string;
  };
}

/** In this order: a browser also names some of those that follow it. */
const BROWSERS: [pattern: RegExp, name: string][] = [
  [/\bEdg(?:A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Headless)?Chrom(?:e|ium)\/|\bCriOS\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const PLATFORMS: [pattern: RegExp, name: string][] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

/** Proposes a name for the browser. */
export function proposeName({ userAgent, userAgentData }: Agent): string {
  const find = (table: [RegExp, string][]) =>
    table.find(([pattern]) => pattern.test(userAgent))?.[1];
  // The list has a made-up brand too ("Not A;Brand").
  const brand = userAgentData?.brands.map(({ brand }) => brand)
    .find((brand) => !/chromium/i.test(brand) && !/not.*brand/i.test(brand));
  const browser = brand?.replace(/^(?:Google |Microsoft |Headless)/, "") ?? find(BROWSERS) ??
    "Browser";
  const platform = userAgentData?.platform || find(PLATFORMS);
  return platform ? `${browser} on ${platform}` : browser;
}
