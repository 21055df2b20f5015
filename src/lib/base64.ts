// Strict base64 (RFC 4648 section 4, padded), without Buffer so that it also runs in a browser.
// Node's decoder takes url-safe letters, missing padding and garbage: differences between parsers are attack surface.

export function encodeBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

/** Returns null unless `text` is exactly what `encodeBase64` would give. */
export function decodeBase64(text: string): Uint8Array | null {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return null;
  }
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  return encodeBase64(bytes) === text ? bytes : null;
}
