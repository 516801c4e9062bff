// The default styles of <lighthouse-tunnel>.
import { css } from "lit";

/** The colours meet WCAG AA in both colour schemes. */
export const styles = css`
  :host {
    --_ink: var(--lighthouse-ink, light-dark(#1f2328, #e6edf3));
    --_surface: var(--lighthouse-surface, light-dark(#f6f8fa, #161b22));
    --_line: var(--lighthouse-line, light-dark(#d0d7de, #3d444d));
    --_edge: light-dark(#818b98, #656c76);
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
  /* Chrome before 123 and Safari before 17.5: the system's colours, which follow the page's scheme too. */
  @supports not (color: light-dark(red, red)) {
    :host {
      --_ink: var(--lighthouse-ink, CanvasText);
      --_surface: var(--lighthouse-surface, Canvas);
      --_line: var(--lighthouse-line, GrayText);
      --_edge: GrayText;
      --_idle: var(--lighthouse-idle, GrayText);
      --_busy: var(--lighthouse-busy, #bf8700);
      --_good: var(--lighthouse-good, #2da44e);
      --_bad: var(--lighthouse-bad, #e5534b);
    }
  }
  .pill {
    display: inline-flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.375em 0.625em;
    max-width: 100%;
    padding: 0.5em 0.875em;
    border: 1px solid var(--_line);
    border-radius: 1.25em;
    background: var(--_surface);
  }
  .said {
    display: flex;
    gap: 0.625em;
    min-width: 0;
  }
  .dot {
    flex: none;
    /* Beside the first line, however many there are. */
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
  .said,
  .pairing {
    overflow-wrap: anywhere;
  }
  /* English in a page that is written from right to left. */
  .state,
  .device,
  .reason,
  .cure {
    unicode-bidi: plaintext;
  }
  code {
    padding: 0.1em 0.3em;
    border-radius: 0.25em;
    background: color-mix(in srgb, currentColor 10%, transparent);
    font: 0.9em / 1.3 ui-monospace, monospace;
  }
  button,
  input {
    min-height: 1.75rem;
    border: 1px solid var(--_edge);
    color: inherit;
    font: inherit;
  }
  button {
    padding: 0.125em 0.75em;
    border-radius: 1em;
    background: transparent;
    cursor: pointer;
  }
  button:hover {
    border-color: currentColor;
  }
  :focus-visible {
    outline: 2px solid currentColor;
    outline-offset: 2px;
  }
  .pairing {
    flex: 1 0 100%;
    padding-block: 0.375em;
  }
  label {
    display: block;
    font-weight: 600;
  }
  input {
    box-sizing: border-box;
    width: 100%;
    margin-block: 0.25em 0.5em;
    padding: 0.25em 0.5em;
    border-radius: 0.375em;
    background: transparent;
  }
  input::placeholder {
    color: inherit;
    opacity: 0.8;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5em;
  }
  .problem {
    margin: 0 0 0.5em;
    padding-inline-start: 0.5em;
    border-inline-start: 0.2em solid var(--_bad);
  }
  .camera {
    margin-bottom: 0.625em;
  }
  .camera p {
    margin: 0.25em 0;
  }
  video {
    display: block;
    width: 100%;
    max-height: 50vh;
    border-radius: 0.375em;
    background: #000;
    object-fit: cover;
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
  @media (prefers-contrast: more) {
    .pill,
    button,
    input {
      border-color: currentColor;
    }
  }
  /* Without colours, the dot is a ring that the connection fills. */
  @media (forced-colors: active) {
    .dot {
      border: 2px solid CanvasText;
    }
    .connected .dot {
      background: CanvasText;
      forced-color-adjust: none;
    }
    code {
      outline: 1px solid GrayText;
    }
  }
`;
