// Next's pages name scripts by absolute paths, so it must know its path on the site.
export default {
  turbopack: { root: import.meta.dirname },
  basePath: "/local/next",
  experimental: { serverActions: { bodySizeLimit: "4mb" } },
};
