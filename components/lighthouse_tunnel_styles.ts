// The default styles of <lighthouse-tunnel>.
import { css } from "lit";

/** The colours meet WCAG AA in both colour schemes. */
export const styles = css`
  :host {
    --_ink: var(--lighthouse-ink, light-dark(#1f2328, #e6edf3));
    --_surface: var(--lighthouse-surface, light-dark(#f6f8fa, #161b22));
    --_line: var(--lighthouse-line, light-dark(#d0d7de, #3d444d));
    --_idle: var(--lighthouse-idle, light-dark(#59636e, #9198a1));
    --_busy: var(--lighthouse-busy, light-dark(#9a6700, #d29922));
    --_good: var(--lighthouse-good, light-dark(#1a7f37, #3fb950));
    --_bad: var(--lighthouse-bad, light-dark(#d1242f, #ff7b72));
    display: inline-block;
    max-width: 100%;
    font: var(--lighthouse-font, 0.875rem / 1.4 system-ui, sans-serif);
    color: var(--_ink);
  }
  :host([hidden]) {
    display: none;
  }
  .pill {
    display: inline-flex;
    align-items: center;
    gap: 0.625em;
    padding: 0.375em 0.875em;
    border: 1px solid var(--_line);
    border-radius: 1.25em;
    background: var(--_surface);
  }
  .dot {
    flex: none;
    /* Beside the first line, however many there are. */
    align-self: flex-start;
    margin-top: 0.4em;
    width: 0.625em;
    height: 0.625em;
    border-radius: 50%;
    background: var(--_idle);
  }
  .signalling .dot,
  .connecting .dot {
    background: var(--_busy);
    animation: pulse 1.2s ease-in-out infinite alternate;
  }
  .connected .dot {
    background: var(--_good);
  }
  .offline .dot,
  .failed .dot {
    background: var(--_bad);
  }
  .state {
    font-weight: 600;
  }
  .reason {
    overflow-wrap: anywhere;
  }
  button {
    flex: none;
    padding: 0.125em 0.75em;
    border: 1px solid var(--_line);
    border-radius: 1em;
    background: transparent;
    color: inherit;
    font: inherit;
    cursor: pointer;
  }
  button:hover {
    border-color: currentColor;
  }
  button:focus-visible {
    outline: 2px solid currentColor;
    outline-offset: 2px;
  }
  @keyframes pulse {
    to {
      opacity: 0.35;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .dot {
      animation: none !important;
    }
  }
`;
