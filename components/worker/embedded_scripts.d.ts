// The build gives these modules the texts of the bundled scripts.

declare module "lighthouse:inject" {
  /** The bundle of components/inject/main.ts. */
  const text: string;
  export default text;
}

declare module "lighthouse:inject-worker" {
  /** The bundle of components/inject/worker_main.ts. */
  const text: string;
  export default text;
}
