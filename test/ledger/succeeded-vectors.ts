// The exports of a log that goes on for another, by itself and beside it, and what a verifier must find in each.
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { type ExportVector, vector } from './export-vector.ts';
import { entriesOf, exportOf, formerSigner, honest } from './small-log.ts';
import { former, formerRotated, formerWhole, succeeded } from './succeeded-exports.ts';
import { ours } from './vectors.ts';

const ofFormer = { keys: [formerSigner.key.text] };
const bothKeys = [ours.logKey, formerSigner.key.text];

export const succeededVectors: readonly ExportVector[] = [
  vector('former', 'what is left of a log that was set back', former, [], ofFormer),
  vector(
    'former-whole',
    'the same log as somebody else has it, with its last two entries',
    formerWhole,
    [],
    ofFormer,
  ),
  vector(
    'former-rotated',
    'a log that was set back, whose first key had been retired',
    formerRotated,
    [],
    ofFormer,
  ),
  vector(
    'succeeded-by-retired-key',
    'the key that hands over was retired by the former log',
    succeeded.byRetiredKey,
    [[0, 'former_mismatch']],
    { keys: bothKeys, formers: ['former-rotated'] },
  ),
  vector('succeeded', 'a log that goes on, by itself', succeeded.sound),
  vector(
    'succeeded-handed-over',
    'the former key alone was brought: it signed the handover',
    succeeded.sound,
    [],
    ofFormer,
  ),
  vector(
    'succeeded-stranger',
    'neither its key nor the former one was brought',
    succeeded.sound,
    [
      [null, 'key_not_trusted'],
      [0, 'key_not_trusted'],
      [null, 'key_not_trusted'],
      [8, 'checkpoint_invalid'],
      [null, 'checkpoint_missing'],
    ],
    { keys: [noteSigner('other.example/audit', new Uint8Array(32).fill(3)).key.text] },
  ),
  vector('succeeded-line', 'verified with what is left of the former log', succeeded.sound, [], {
    ...ofFormer,
    formers: ['former'],
  }),
  vector(
    'succeeded-line-whole',
    'verified with the former log as somebody else has it',
    succeeded.sound,
    [],
    {
      ...ofFormer,
      formers: ['former-whole'],
    },
  ),
  vector(
    'succeeded-other-mode',
    'a log of production goes on for one of a sandbox',
    succeeded.inProduction,
    [
      [0, 'former_mismatch'],
      [0, 'not_approved'],
    ],
    { keys: bothKeys, formers: ['former'] },
  ),
  vector(
    'succeeded-other-former',
    'another log was given for the former one',
    succeeded.sound,
    [[0, 'former_mismatch']],
    {
      formers: ['honest'],
    },
  ),
  vector(
    'succeeded-other-root',
    'what it says was kept is not what the former log holds',
    succeeded.otherRoot,
    [[0, 'former_mismatch']],
    {
      keys: bothKeys,
      formers: ['former'],
    },
  ),
  vector(
    'succeeded-opened-anew',
    'a former log was given, and this one goes on for none',
    exportOf(entriesOf(honest)),
    [[0, 'former_mismatch']],
    {
      keys: bothKeys,
      formers: ['former'],
    },
  ),
  vector(
    'succeeded-other-size',
    'the known checkpoint is of fewer entries than it says',
    succeeded.otherSize,
    [[0, 'succession_invalid']],
  ),
  vector('succeeded-not-signed', 'another key signed the known checkpoint', succeeded.notSigned, [
    [0, 'succession_invalid'],
  ]),
  vector('succeeded-handed-to-another', 'the handover names another key', succeeded.handedToAnother, [
    [0, 'succession_invalid'],
  ]),
  vector(
    'succeeded-read-by-former',
    'a disclosure under a consent of the former log',
    succeeded.readByFormer,
    [[9, 'consent_not_in_force']],
    {
      keys: bothKeys,
      formers: ['former'],
    },
  ),
  vector(
    'succeeded-stop-of-nobody',
    'a stop of a consent that the former log does not know',
    succeeded.stopOfNobody,
    [[9, 'consent_unknown']],
    {
      keys: bothKeys,
      formers: ['former'],
    },
  ),
];
