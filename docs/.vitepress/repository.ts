// Where the sources are, for links from the site to files outside of docs/.
import manifest from "../../package.json" with { type: "json" };

const { repository } = manifest as { name: string; repository?: { url: string } };

/** The repository's web address. In a fork's workflow, it is the fork's. */
export const REPOSITORY = process.env.GITHUB_REPOSITORY
  ? `https://github.com/${process.env.GITHUB_REPOSITORY}`
  : (repository?.url ?? "https://github.com/").replace(/^git\+/, "").replace(/\.git$/, "");
