/** Reading codes from a camera or a picture. The browser's own reader where there is one; ours is fetched where there is none. */

type Read = (picture: ImageData) => Promise<string | undefined>;

interface Detector {
  detect(picture: ImageData): Promise<{ rawValue: string }[]>;
}
interface DetectorKind {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}

/** A code is found in a picture of this size; more pixels take longer and find no more. */
const SIDE_MAX = 720;
/** Between two looks, in milliseconds: quick to the hand, and easy on a cheap phone's battery. */
const LOOK_EVERY_MS = 120;

let reading: Promise<Read> | undefined;

function reader(): Promise<Read> {
  reading ??= native().then(async (read) => read ?? (await ours()));
  return reading;
}

async function native(): Promise<Read | undefined> {
  const kind = (globalThis as { BarcodeDetector?: DetectorKind }).BarcodeDetector;
  const formats = await kind?.getSupportedFormats().catch((): string[] => []);
  if (!kind || !formats?.includes('qr_code')) return undefined;
  const detector = new kind({ formats: ['qr_code'] });
  return async (picture) => (await detector.detect(picture))[0]?.rawValue;
}

async function ours(): Promise<Read> {
  const { default: decode } = await import('qr/decode.js');
  return async (picture) => {
    try {
      return decode(picture);
    } catch {
      // It says by an error that there is no code.
      return undefined;
    }
  };
}

class Lens {
  private readonly canvas = document.createElement('canvas');
  private readonly context = this.canvas.getContext('2d', { willReadFrequently: true });

  look(source: CanvasImageSource, width: number, height: number): ImageData | undefined {
    if (!this.context || width === 0 || height === 0) return undefined;
    const scale = Math.min(1, SIDE_MAX / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.context.drawImage(source, 0, 0, this.canvas.width, this.canvas.height);
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }
}

/** What the code in `file` holds, if there is one. */
export async function readPicture(file: Blob): Promise<string | undefined> {
  const bitmap = await createImageBitmap(file);
  try {
    const picture = new Lens().look(bitmap, bitmap.width, bitmap.height);
    return picture && (await (await reader())(picture));
  } finally {
    bitmap.close();
  }
}

/** Shows the camera in `video` and calls `found` with every code that it sees, until the function that it answers with is called. */
export async function watch(video: HTMLVideoElement, found: (text: string) => void): Promise<() => void> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
  });
  let over = false;
  const stop = () => {
    over = true;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  try {
    video.srcObject = stream;
    await video.play();
    const read = await reader();
    void looking(video, read, found, () => over);
    return stop;
  } catch (error) {
    stop();
    throw error;
  }
}

async function looking(
  video: HTMLVideoElement,
  read: Read,
  found: (text: string) => void,
  over: () => boolean,
): Promise<void> {
  const lens = new Lens();
  while (!over()) {
    const picture = lens.look(video, video.videoWidth, video.videoHeight);
    const text = picture && (await read(picture));
    if (text && !over()) found(text);
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
}
