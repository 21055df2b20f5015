// Exports of a log that was set back to six entries of eight, and of the one that goes on for it: sound, and bent in what
// entry 0 says of the former log.
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import type { ExportLine } from '../../src/ledger/export-format.ts';
import { formatNote } from '../../src/ledger/note.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';
import { given } from './bent-log.ts';
import {
  checkpointOf,
  drafts,
  entriesOf,
  exportOf,
  formerOrigin,
  formerSigner,
  handoverOf,
  honest,
  rootOf,
  START_S,
  type Step,
} from './small-log.ts';
import { ours } from './vectors.ts';

type Opening = (typeof drafts)['log.succeeded'];

const openedAsFormer = { ...drafts['log.opened'], origin: formerOrigin, key: formerSigner.key.text };
const whole = entriesOf([{ draft: openedAsFormer }, ...honest.slice(1)], formerOrigin);
export const kept = whole.slice(0, 6);
/** What is left, and all that there was: somebody else has an export of it. */
export const former = exportOf(kept, formerSigner);
export const formerWhole = exportOf(whole, formerSigner);

const nextSigner = noteSigner(formerOrigin, new Uint8Array(32).fill(7));
const keyMove = (kind: 'key.published' | 'key.retired', key: string): Step => ({
  draft: { ...drafts['key.published'], kind, use: 'ledger', key },
});
/** Its first key was retired in entry 9, two entries before the end. */
const rotated = entriesOf(
  [
    { draft: openedAsFormer },
    ...honest.slice(1),
    keyMove('key.published', nextSigner.key.text),
    keyMove('key.retired', formerSigner.key.text),
    { draft: drafts['token.revoked'] },
    { draft: drafts['token.revoked'] },
  ],
  formerOrigin,
);
export const formerRotated: ExportLine[] = exportOf(rotated, nextSigner)
  .map((line) => (line.type === 'key' ? { ...line, key: formerSigner.key.text } : line))
  .toSpliced(3 + 9, 0, { type: 'checkpoint', note: signedByBoth(rotated.slice(0, 9)) });

function signedByBoth(entries: readonly string[]): string {
  const text = formatCheckpoint({ origin: formerOrigin, size: entries.length, root: rootOf(entries) });
  return formatNote(
    text,
    [formerSigner, nextSigner].map((signer) => signer.sign(text)),
  );
}

const note = (text: string): string => encodeBase64(utf8(text));
const opening: Opening = {
  ...drafts['log.succeeded'],
  kept_size: kept.length,
  kept_root: encodeBase64(rootOf(kept)),
  known_size: whole.length,
  known_checkpoint: note(checkpointOf(whole, whole.length, formerSigner)),
  cosigned_checkpoint: note(checkpointOf(whole, 7, formerSigner)),
  handover: handoverOf({ formerOrigin, keptSize: 6, keptRoot: rootOf(kept), key: ours.logKey }),
};
const consent_ref = `consent_${'9'.repeat(22)}`;
const goesOn: readonly Step[] = [
  drafts['policy.published'],
  { ...drafts['third-party.registered'], actor: 'broker' as const },
  drafts['third-party.suspended'],
  // A stop that waited for the former log.
  drafts['consent.stopped'],
  drafts['third-party.restored'],
  { ...drafts['consent.requested'], consent_ref },
  { ...given, consent_ref },
  { ...drafts.disclosure, consent_ref, store_read: '1700009999/40' },
].map((draft, i): Step => ({ draft, timeMs: START_S * 1000 + 60_000 + i }));

const successor = (bend: Partial<Opening> = {}, further: readonly Step[] = []): ExportLine[] =>
  exportOf(entriesOf([{ draft: { ...opening, ...bend } }, ...goesOn, ...further]));

const strangersKey = noteSigner(formerOrigin, new Uint8Array(32).fill(9));
const lastOf = (draft: Step['draft']): Step => ({ draft, timeMs: START_S * 1000 + 70_000 });

export const succeeded = {
  sound: successor(),
  /** In another mode than the former log, and by nobody’s decision. */
  inProduction: successor({ mode: 'production' }),
  /** The root of the known checkpoint is signed, and is not of so many entries. */
  otherSize: successor({ known_size: 9 }),
  notSigned: successor({
    known_checkpoint: note(
      strangersKey.signNote(formatCheckpoint({ origin: formerOrigin, size: 8, root: rootOf(whole) })),
    ),
  }),
  handedToAnother: successor({
    handover: handoverOf({
      formerOrigin,
      keptSize: 6,
      keptRoot: rootOf(kept),
      key: strangersKey.key.text,
    }),
  }),
  /** By whoever has the key that the former log retired. */
  byRetiredKey: successor({
    kept_size: rotated.length,
    kept_root: encodeBase64(rootOf(rotated)),
    known_size: rotated.length,
    known_checkpoint: note(checkpointOf(rotated, rotated.length, formerSigner)),
    cosigned_checkpoint: note(checkpointOf(rotated, 7, formerSigner)),
    handover: handoverOf({
      formerOrigin,
      keptSize: rotated.length,
      keptRoot: rootOf(rotated),
      key: ours.logKey,
    }),
  }),
  otherRoot: successor({
    kept_root: encodeBase64(rootOf(whole, 5)),
    handover: handoverOf({ formerOrigin, keptSize: 6, keptRoot: rootOf(whole, 5), key: ours.logKey }),
  }),
  /** A consent of the former log is read by as if it were still in force. */
  readByFormer: successor({}, [lastOf({ ...drafts.disclosure, store_read: '1700009999/41' })]),
  stopOfNobody: successor({}, [
    lastOf({ ...drafts['consent.stopped'], consent_ref: `consent_${'8'.repeat(22)}` }),
  ]),
};
