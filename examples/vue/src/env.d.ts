interface ImportMetaEnv {
  /** The relay's URL, from the file .env or a variable. */
  readonly VITE_LIGHTHOUSE_RELAY: string;
}
