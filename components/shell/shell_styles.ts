// The look of the shell. The colours meet WCAG AA in both colour schemes.
import { css } from "lit";

export const styles = css`
  :root {
    color-scheme: light dark;
    --ink: #1f2328;
    --quiet: #59636e;
    --page: #f6f8fa;
    --surface: #ffffff;
    --line: #d0d7de;
    --edge: #818b98;
    --accent: #0b5d80;
    --on-accent: #ffffff;
    --busy: #9a6700;
    --good: #1a7f37;
    --bad: #b3261e;
    --sunken: #e7ecf0;
    --problem: #fdf0ee;
    --letter: #dbe7ee;
    --hover: #eef2f5;
    font: 1rem / 1.5 system-ui, sans-serif;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --ink: #e6edf3;
      --quiet: #9198a1;
      --page: #0d1117;
      --surface: #161b22;
      --line: #3d444d;
      --edge: #656c76;
      --accent: #ffc766;
      --on-accent: #221803;
      --busy: #d29922;
      --good: #3fb950;
      --bad: #ff7b72;
      --sunken: #2a313a;
      --problem: #2b1715;
      --letter: #2b3a45;
      --hover: #232b34;
    }
  }
  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }
  html,
  body {
    height: 100%;
    margin: 0;
    background: var(--page);
    color: var(--ink);
  }
  lighthouse-tunnel,
  [hidden] {
    display: none !important;
  }
  main > iframe {
    position: fixed;
    inset: 0;
    width: 100%;
    height: 100%;
    border: 0;
    background: Canvas;
  }
  .covered iframe {
    visibility: hidden;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  .panel {
    position: relative;
    max-width: 34rem;
    min-height: 100%;
    margin: 0 auto;
    padding: max(1.5rem, 12vh) max(1.25rem, env(safe-area-inset-right)) 6rem
      max(1.25rem, env(safe-area-inset-left));
    overflow-wrap: anywhere;
  }
  /* What is over at once is not worth a flash. */
  .brief {
    animation: appear 0s 0.4s both;
  }
  @keyframes appear {
    from {
      visibility: hidden;
    }
  }
  .panel.wide {
    max-width: 60rem;
    padding-top: max(1.5rem, 6vh);
  }
  h1 {
    margin: 0 0 0.75rem;
    font-size: 1.5rem;
    line-height: 1.25;
    outline: none;
  }
  p {
    margin: 0 0 1rem;
  }
  code {
    padding: 0.1em 0.35em;
    border-radius: 0.25em;
    background: var(--sunken);
    font: 0.9em / 1.4 ui-monospace, monospace;
  }
  .problem {
    padding: 0.625rem 0.875rem;
    border-left: 0.25rem solid var(--bad);
    border-radius: 0.25rem;
    background: var(--problem);
  }
  .code {
    margin-top: 1.5rem;
    color: var(--quiet);
    font-size: 0.875rem;
  }
  .progress {
    width: 3rem;
    height: 0.25rem;
    margin-bottom: 1.25rem;
    border-radius: 0.125rem;
    background: var(--busy);
    animation: pulse 1.2s ease-in-out infinite alternate;
  }
  @keyframes pulse {
    to {
      opacity: 0.25;
    }
  }

  label {
    display: block;
    margin-bottom: 0.25rem;
    font-weight: 600;
  }
  input {
    display: block;
    width: 100%;
    margin-bottom: 1rem;
    padding: 0.625rem 0.75rem;
    border: 1px solid var(--edge);
    border-radius: 0.375rem;
    background: var(--surface);
    color: inherit;
    font: inherit;
  }
  input::placeholder {
    color: var(--quiet);
    opacity: 1;
  }
  input[aria-invalid="true"] {
    border-color: var(--bad);
  }
  button {
    min-height: 2.75rem;
    padding: 0.5rem 1.125rem;
    border: 1px solid transparent;
    border-radius: 0.375rem;
    background: var(--accent);
    color: var(--on-accent);
    font: inherit;
    font-weight: 600;
    cursor: pointer;
  }
  button.quiet {
    border-color: var(--edge);
    background: var(--surface);
    color: var(--ink);
  }
  button:disabled {
    border-color: var(--line);
    color: var(--quiet);
    cursor: default;
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 0.75rem;
  }
  .camera {
    margin: 0 0 1.5rem;
  }
  video {
    display: block;
    width: 100%;
    max-height: 50vh;
    margin-bottom: 0.75rem;
    border-radius: 0.5rem;
    background: #000;
    object-fit: cover;
  }

  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: start;
    justify-content: space-between;
    gap: 0.75rem;
    margin-bottom: 1rem;
  }
  .services {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(16rem, 100%), 1fr));
    gap: 0.75rem;
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .services a,
  .services li > div {
    display: grid;
    grid-template-columns: 2.5rem 1fr;
    align-content: center;
    align-items: center;
    gap: 0 0.875rem;
    height: 100%;
    padding: 0.875rem;
    border: 1px solid var(--line);
    border-radius: 0.625rem;
    background: var(--surface);
    color: inherit;
    text-decoration: none;
  }
  .services a:hover {
    border-color: var(--accent);
  }
  .icon {
    position: relative;
    grid-row: span 2;
    width: 2.5rem;
    height: 2.5rem;
  }
  .icon img,
  .letter {
    position: absolute;
    inset: 0;
    border-radius: 0.5rem;
  }
  .icon img {
    width: 100%;
    height: 100%;
    object-fit: contain;
    background: var(--surface);
  }
  .letter {
    display: grid;
    place-items: center;
    background: var(--letter);
    font-weight: 700;
  }
  .name {
    font-weight: 600;
  }
  .up {
    color: var(--quiet);
    font-size: 0.875rem;
  }
  .up::before {
    content: "○ ";
  }
  .is-up {
    color: var(--good);
  }
  .is-up::before {
    content: "● ";
  }

  .dock {
    position: fixed;
    z-index: 1;
    display: flex;
    gap: 0.5rem;
    max-width: calc(100vw - 1rem);
    font-size: 0.875rem;
  }
  .dock[data-corner^="top"] {
    top: max(0.375rem, env(safe-area-inset-top));
    flex-direction: column;
  }
  .dock[data-corner^="bottom"] {
    bottom: max(0.375rem, env(safe-area-inset-bottom));
    flex-direction: column-reverse;
  }
  .dock[data-corner$="left"] {
    left: max(0.375rem, env(safe-area-inset-left));
    align-items: start;
  }
  .dock[data-corner$="right"] {
    right: max(0.375rem, env(safe-area-inset-right));
    align-items: end;
  }
  .pill {
    display: inline-flex;
    align-items: center;
    gap: 0.5rem;
    min-width: 1.75rem;
    min-height: 1.75rem;
    padding: 0 0.5rem;
    border: 1px solid var(--edge);
    border-radius: 1rem;
    background: var(--surface);
    color: var(--ink);
    font-weight: 400;
    touch-action: none;
    -webkit-user-select: none;
    user-select: none;
  }
  .connected .pill:has(.news:empty):not(:hover, :focus-visible, [aria-expanded="true"]) {
    opacity: 0.65;
  }
  .news:empty {
    display: none;
  }
  .dot {
    flex: none;
    width: 0.625rem;
    height: 0.625rem;
    border-radius: 50%;
    background: var(--quiet);
  }
  .signalling .dot,
  .connecting .dot {
    background: var(--busy);
    animation: pulse 1.2s ease-in-out infinite alternate;
  }
  .connected .dot {
    background: var(--good);
  }
  .offline .dot,
  .failed .dot {
    background: var(--bad);
  }
  .menu {
    width: min(17rem, 100%);
    max-height: calc(100vh - 3.5rem);
    overflow: auto;
    padding: 0.75rem;
    border: 1px solid var(--edge);
    border-radius: 0.625rem;
    background: var(--surface);
    box-shadow: 0 0.25rem 1rem rgb(0 0 0 / 25%);
    overflow-wrap: anywhere;
  }
  .menu p {
    margin: 0;
    padding: 0.25rem 0.5rem;
  }
  .menu button {
    display: block;
    width: 100%;
    min-height: 2.5rem;
    padding: 0.375rem 0.5rem;
    border: 0;
    background: transparent;
    color: inherit;
    font-weight: 400;
    text-align: start;
  }
  .menu button:hover {
    background: var(--hover);
  }
  @media (prefers-reduced-motion: reduce) {
    .dot,
    .progress {
      animation: none !important;
    }
  }
  @media (forced-colors: active) {
    .dot {
      forced-color-adjust: none;
    }
  }
`;
