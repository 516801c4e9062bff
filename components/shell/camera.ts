// Reads QR codes from the camera.

/** The part of the Shape Detection API that is used. */
export interface CodeDetector {
  detect(image: HTMLVideoElement | HTMLCanvasElement): Promise<{ rawValue: string }[]>;
}

/** What a window with a camera has. */
export interface CameraPlatform {
  /** Undefined where the page is not secure. */
  mediaDevices?: Pick<MediaDevices, "getUserMedia">;
  /** Makes the detector of codes, the browser's own if it has one. */
  detector: () => Promise<CodeDetector>;
}

/** Options of {@linkcode scan}. */
export interface ScanOptions {
  /** Shows what the camera sees. */
  video: HTMLVideoElement;
  /** Called with the text of each code that is seen. @returns Whether it is the one. */
  onText: (text: string) => boolean;
  signal: AbortSignal;
  platform?: CameraPlatform;
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
  { video, onText, signal, platform = browser }: ScanOptions,
): Promise<void> {
  if (!platform.mediaDevices) throw new DOMException("There is no camera", "NotFoundError");
  // Meanwhile the user is asked for the camera.
  const detecting = platform.detector();
  detecting.catch(() => {});
  const stream = await platform.mediaDevices.getUserMedia({
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

const browser: CameraPlatform = {
  get mediaDevices() {
    return navigator.mediaDevices;
  },
  detector: async () => {
    const { BarcodeDetector: Native } = globalThis as { BarcodeDetector?: NativeDetector };
    // Chromium has the class on all systems, and formats only on some.
    const isAble = (await Native?.getSupportedFormats().catch((): string[] => []))?.includes(
      "qr_code",
    );
    if (Native && isAble) return new Native({ formats: ["qr_code"] });
    const { BarcodeDetector } = await import("./code_detector.ts");
    return new BarcodeDetector({ formats: ["qr_code"] });
  },
};
