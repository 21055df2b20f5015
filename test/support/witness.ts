// Witnesses over real HTTP for tests, and logs that they witness: growing trees that can be forked at will.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import { type Hash, leafHash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { consistencyProof } from '../../src/ledger/merkle-proof.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { cosigner, type NoteSigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { openWitness } from '../../src/ledger/witness.ts';
import { openWitnessFolder, type WitnessFolder } from '../../src/ledger/witness-folder.ts';
import { parseWitnessPolicy, type WitnessPolicy } from '../../src/ledger/witness-policy.ts';
import { formatAddCheckpoint } from '../../src/ledger/witness-request.ts';
import { serveWitness } from '../../src/ledger/witness-server.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { quietLogger } from './ledger.ts';

/** A tree whose leaves from `forkAt` on are another branch's. Sizes up to a few hundred. */
export interface TestTree {
  readonly signer: NoteSigner;
  root(size: number): Hash;
  note(size: number): string;
  proof(from: number, to: number): Hash[];
  /** The body of an add-checkpoint. */
  request(oldSize: number, size: number): string;
}

export function testTree(origin: string, options: { branch?: string; forkAt?: number } = {}): TestTree {
  const { branch = '', forkAt = Number.POSITIVE_INFINITY } = options;
  const signer = noteSigner(origin, new Uint8Array(32).fill(1));
  const leaf = (i: number) => leafHash(utf8(i < forkAt ? `entry-${i}` : `${branch}-${i}`), sha256);
  const all: Hash[] = [];
  const leaves = (size: number) => {
    while (all.length < size) all.push(leaf(all.length));
    return all.slice(0, size);
  };
  const root = (size: number) => rootOfLeaves(leaves(size), sha256);
  const note = (size: number) => signer.signNote(formatCheckpoint({ origin, size, root: root(size) }));
  const proof = (from: number, to: number) =>
    from === 0 || from > to ? [] : consistencyProof(leaves(to), from, sha256);
  const request = (oldSize: number, size: number) =>
    formatAddCheckpoint({ oldSize, proof: proof(oldSize, size), note: note(size) });
  return { signer, root, note, proof, request };
}

export const policyOf = (...lines: string[]): WitnessPolicy =>
  parseWitnessPolicy(Buffer.from(lines.map((line) => `${line}\n`).join('')), sha256);

export const wallClock: Clock = { nowMs: () => Date.now() };

export interface TestWitness {
  readonly url: string;
  /** As a policy names it. */
  readonly key: string;
  readonly dir: string;
  submit(body: string | Uint8Array): Promise<{ status: number; type: string | null; body: string }>;
  /** Stops the server; with `true` the folder stays, to start over from. */
  stop(keepFolder?: boolean): Promise<void>;
}

export interface TestWitnessOptions {
  readonly name?: string;
  readonly seed?: number;
  readonly dir?: string;
  readonly port?: number;
  readonly folder?: (folder: WitnessFolder) => WitnessFolder;
  readonly onConflict?: (origin: string, notes: readonly [string, string]) => void;
}

export async function startWitness(
  policy: WitnessPolicy,
  options: TestWitnessOptions = {},
): Promise<TestWitness> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'witness-'));
  const opened = await openWitnessFolder(dir);
  const signer = cosigner(options.name ?? 'witness.example/w1', new Uint8Array(32).fill(options.seed ?? 2));
  const witness = openWitness({
    cosigner: signer,
    policy,
    folder: options.folder?.(opened) ?? opened,
    clock: wallClock,
    ...(options.onConflict ? { onConflict: options.onConflict } : {}),
  });
  const server = await serveWitness(witness, { host: '127.0.0.1', port: options.port ?? 0 }, quietLogger);
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    key: signer.key.text,
    dir,
    async submit(body) {
      const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: body as string });
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        body: await response.text(),
      };
    },
    async stop(keepFolder = false) {
      await server.close();
      await opened.close();
      if (!keepFolder) rmSync(dir, { recursive: true, force: true });
    },
  };
}
