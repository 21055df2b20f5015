// The committed vectors of test/vectors/ledger, and the leaves that ours are made of.
import { readFileSync } from 'node:fs';
import { utf8 } from '../../src/ledger/crypto.ts';
import { type Hash, leafHash } from '../../src/ledger/merkle.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';

export const vectors = <Shape>(name: string): Shape =>
  JSON.parse(readFileSync(new URL(`../vectors/ledger/${name}.json`, import.meta.url), 'utf8')) as Shape;

export interface OurVectors {
  readonly origin: string;
  readonly logKey: string;
  readonly witnessKey: string;
  readonly cosignTimeSeconds: number;
  readonly leaf0: string;
  readonly checkpoint0: string;
  readonly checkpoint5: string;
  readonly consistency3to5: string[];
  readonly consistency4to5: string[];
  readonly inclusion2in5: string[];
  readonly roots: Record<string, string>;
  readonly signature70000: string;
}
export const ours = vectors<OurVectors>('ours');

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** Leaf hashes of `entry-0`, `entry-1`, … */
export const ourLeaves = (count: number): Hash[] =>
  Array.from({ length: count }, (_, i) => leafHash(utf8(`entry-${i}`), sha256));
