// Reads QR codes from the camera.

/** The part of the Shape Detection API that is used. */
export interface CodeDetector {
  detect(image: HTMLVideoElement | HTMLCanvasElement): Promise<{ rawValue: string }[]>;
}

/** Options of {@linkcode scan}. */
export interface ScanOptions {
  /** Shows what the camera sees. */
  video: HTMLVideoElement;
  /** Called with the text of each code that is seen. @returns Whether it is the one. */
  onText: (text: string) => boolean;
  signal: AbortSignal;
  /** Makes the detector of codes. */
  detector: () => Promise<CodeDetector>;
}

/** The pause between two looks at the picture, in milliseconds. */
const PAUSE_MS = 120;

/** Sizes of the picture in which a code is looked for, in pixels: a large one takes long. */
const MAX_SIDE = 720;

/**
 * Looks for codes until one is right. The camera is off again afterwards.
 *
 * @throws {DOMException} As `getUserMedia`: `NotAllowedError` if the user does not let the page see,
 * `NotFoundError` if there is no camera. The signal's reason when aborted.
 */
export async function scan(
  { video, onText, signal, detector: load }: ScanOptions,
): Promise<void> {
  // Undefined where the page is not secure.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new DOMException("There is no camera", "NotFoundError");
  // Meanwhile the user is asked for the camera.
  const detecting = load();
  detecting.catch(() => {});
  const stream = await devices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
  });
  try {
    signal.throwIfAborted();
    const detector = await detecting;
    video.srcObject = stream;
    await video.play();
    while (true) {
      signal.throwIfAborted();
      const picture = pictureOf(video);
      // Some detectors fail for a picture without a code.
      const codes = picture ? await detector.detect(picture).catch(() => []) : [];
      if (codes.some(({ rawValue }) => onText(rawValue))) return;
      await pause();
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

/** The current picture, small enough to be looked through quickly; undefined before the first. */
function pictureOf(video: HTMLVideoElement): HTMLCanvasElement | undefined {
  const { videoWidth: width, videoHeight: height } = video;
  if (width === 0 || height === 0) return undefined;
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d", { willReadFrequently: true })!
    .drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

/** The browser's own detector as far as TypeScript does not know it. */
interface NativeDetector {
  new (options: { formats: string[] }): CodeDetector;
  getSupportedFormats(): Promise<string[]>;
}

/** Makes the browser's own detector. @returns Undefined if it has none for QR codes. */
export async function nativeDetector(): Promise<CodeDetector | undefined> {
  const { BarcodeDetector: Native } = globalThis as { BarcodeDetector?: NativeDetector };
  // Chromium has the class on all systems, and formats only on some.
  const formats = await Native?.getSupportedFormats().catch((): string[] => []);
  return formats?.includes("qr_code") ? new Native!({ formats: ["qr_code"] }) : undefined;
}
