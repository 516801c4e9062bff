/**
 * The page around the app: holds the connection, and shows the app in a frame at the same URL.
 *
 * @module
 */
import "../define.ts";
