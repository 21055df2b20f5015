// Strict base64 (RFC 4648 section 4, padded), without Buffer so that it also runs in a browser.
// Node's decoder takes url-safe letters, missing padding and garbage: differences between parsers are attack surface.

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** By char code; 64 for what is no letter. */
const VALUES = new Uint8Array(128).fill(64);
for (let i = 0; i < 64; i++) VALUES[LETTERS.charCodeAt(i)] = i;

export function encodeBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

/** Returns null unless `text` is exactly what `encodeBase64` would give. */
export function decodeBase64(text: string): Uint8Array | null {
  const { length } = text;
  if (length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let at = 0;
  for (let i = 0; i < length; i += 4) {
    const last = i + 4 === length ? padding : 0;
    const a = valueAt(text, i);
    const b = valueAt(text, i + 1);
    const c = last > 1 ? 0 : valueAt(text, i + 2);
    const d = last > 0 ? 0 : valueAt(text, i + 3);
    // Beyond 63: some letter was none.
    if ((a | b | c | d) > 63) return null;
    // Bits that do not count are zero, or two texts would mean the same bytes.
    if ((last === 2 && (b & 15) !== 0) || (last === 1 && (c & 3) !== 0)) return null;
    bytes[at++] = (a << 2) | (b >> 4);
    if (last < 2) bytes[at++] = ((b & 15) << 4) | (c >> 2);
    if (last < 1) bytes[at++] = ((c & 3) << 6) | d;
  }
  return bytes;
}

function valueAt(text: string, i: number): number {
  const code = text.charCodeAt(i);
  return code < 128 ? (VALUES[code] as number) : 64;
}
