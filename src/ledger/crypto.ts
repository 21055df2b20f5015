// The two primitives that the pure half of the ledger is handed, so that it runs in a browser as it stands.
// Node's own stand in node-crypto.ts; nothing here or in what verify imports may reach for a runtime's.

/** The leaf hash of an entry, and its base64, with which the next entry names it. */
export interface Leaf {
  readonly hash: Uint8Array;
  readonly text: string;
}

/** SHA-256, synchronous, keeping nothing of what it is given: a tree of a million leaves cannot await each node. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** Ed25519 (RFC 8032) over a raw 32-byte key and a raw 64-byte signature. Web Crypto answers with a promise. */
export type VerifyEd25519 = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** ECDSA on P-256 with SHA-256 over an uncompressed point of 65 bytes and a raw signature of 64 (IEEE P1363). */
export type VerifyP256 = VerifyEd25519;

export interface VerifyCrypto {
  readonly sha256: Sha256;
  /** SHA-256(0x00 || the entry's bytes), where a runtime can do that quicker than by `sha256`. */
  readonly leafOf?: (entry: string) => Leaf;
  readonly verifyEd25519: VerifyEd25519;
  /** For signatures of operators; where it is absent they are counted as not checked. */
  readonly verifyP256?: VerifyP256;
}

export const HASH_BYTES = 32;

/** Not constant time: hashes of public entries are no secret. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array => encoder.encode(text);
