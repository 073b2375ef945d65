/** What kind of picture some bytes are, and how large: by their first bytes, never by a name. */
import type { ToolImage } from '../../workflows/domain/transcript.ts';

export interface ImageHeader {
  readonly mediaType: ToolImage['mediaType'];
  /** In pixels; undefined when the header is cut or damaged. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff]);

/** @returns undefined for anything but a PNG, JPEG, WebP or GIF */
export function readImageHeader(bytes: Buffer): ImageHeader | undefined {
  if (startsWith(bytes, PNG_SIGNATURE)) return { mediaType: 'image/png', size: guarded(() => pngSize(bytes)) };
  if (startsWith(bytes, JPEG_START)) return { mediaType: 'image/jpeg', size: guarded(() => jpegSize(bytes)) };
  if (/^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6))) return { mediaType: 'image/gif', size: guarded(() => gifSize(bytes)) };
  const isRiff = bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP';
  return isRiff ? { mediaType: 'image/webp', size: guarded(() => webpSize(bytes)) } : undefined;
}

type Size = ImageHeader['size'];

function startsWith(bytes: Buffer, signature: Buffer): boolean {
  return bytes.subarray(0, signature.length).equals(signature);
}

/** A read behind the end throws a RangeError: the header is cut. */
function guarded(read: () => Size): Size {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function pngSize(bytes: Buffer): Size {
  if (bytes.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

function gifSize(bytes: Buffer): Size {
  return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
}

/** The size is in the first frame header, behind segments of any kind and length. */
function jpegSize(bytes: Buffer): Size {
  let at = 2;
  for (;;) {
    if (bytes.readUInt8(at) !== 0xff) return undefined;
    const marker = bytes.readUInt8(at + 1);
    if (marker === 0xff) {
      // Fill bytes may stand before a marker.
      at += 1;
    } else if (isFrame(marker)) {
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    } else {
      at += 2 + bytes.readUInt16BE(at + 2);
    }
  }
}

/** SOF0 to SOF15, among which are three markers of another meaning. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

function webpSize(bytes: Buffer): Size {
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8X':
      return { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case 'VP8 ':
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    default:
      return undefined;
  }
}
