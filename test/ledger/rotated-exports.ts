// Exports of a log whose key was rotated: entry 8 publishes the new key, entry 10 retires the old one. Which signatures
// stand under which checkpoint is what each of them turns on.
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import type { EntryDraft } from '../../src/ledger/entry-body.ts';
import type { ExportLine } from '../../src/ledger/export-format.ts';
import { leafHash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { formatNote } from '../../src/ledger/note.ts';
import { type NoteSigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { honestThen } from './bent-log.ts';
import { drafts, entriesOf, exportOf, logSigner } from './small-log.ts';
import { ours } from './vectors.ts';

export const former = logSigner;
export const next = noteSigner(ours.origin, new Uint8Array(32).fill(7));
const stranger = noteSigner(ours.origin, new Uint8Array(32).fill(8));

const published = (key: string): EntryDraft => ({
  ...drafts['key.published'],
  ...{ kind: 'key.published', use: 'ledger', key },
});
const retired = (key: string): EntryDraft => ({
  ...drafts['key.retired'],
  ...{ kind: 'key.retired', use: 'ledger', key },
});

const rotation = [
  published(next.key.text),
  drafts['token.issued'],
  retired(former.key.text),
  drafts['token.revoked'],
] as const;

type Signed = readonly (readonly [size: number, ...signers: NoteSigner[]])[];

/** With these checkpoints and no others. */
export function signedExport(added: readonly EntryDraft[], signed: Signed): ExportLine[] {
  const texts = entriesOf(honestThen(...added));
  const lines = exportOf(texts).slice(0, -1);
  for (const [size, ...signers] of signed.toReversed()) {
    const leaves = texts.slice(0, size).map((text) => leafHash(utf8(text), sha256));
    const text = formatCheckpoint({ origin: ours.origin, size, root: rootOfLeaves(leaves, sha256) });
    const note = formatNote(
      text,
      signers.map((signer) => signer.sign(text)),
    );
    lines.splice(3 + size, 0, { type: 'checkpoint', note });
  }
  return lines;
}

const inOrder: Signed = [
  [5, former],
  [9, former, next],
  [11, former, next],
  [12, next],
];
const without = (size: number) => inOrder.filter(([at]) => at !== size);

export const rotated = {
  inOrder: signedExport(rotation, inOrder),
  neverTogether: signedExport(rotation, [inOrder[0] as Signed[0], [12, next]]),
  withoutTheFormer: signedExport(rotation, [[9, next], ...without(9).slice(1)]),
  withoutTheNext: signedExport(rotation, [
    [9, former, next],
    [10, former],
    [12, next],
  ]),
  afterItWasRetired: signedExport(rotation, [...without(12), [12, former]]),
  byAStranger: signedExport(rotation, [...without(12), [12, stranger]]),
  theOnlyKey: signedExport([retired(former.key.text)], [[9, former]]),
  ofAnotherLog: signedExport(
    [published(noteSigner('other.example/audit', new Uint8Array(32)).key.text)],
    [[9, former]],
  ),
};
