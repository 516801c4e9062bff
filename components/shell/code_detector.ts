/**
 * Finds QR codes where the browser has no `BarcodeDetector`. A file of its own, which is loaded with the
 * first scan.
 *
 * @module
 */
export { BarcodeDetector } from "qr/decode.js";
