// Checks a running log from outside, by what is public: its newest checkpoint and the hashes of its tree. Entries are
// shown to regulators alone, so what they mean is not checked here, and the verdict says so.
import { type Checkpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import type { VerifyCrypto } from './crypto.ts';
import { decodeNote, splitNote } from './note.ts';
import {
  ED25519,
  ED25519_COSIGNATURE,
  NoteError,
  parseVerifierKey,
  type VerifiedSignature,
  type VerifierKey,
} from './verifier-key.ts';
import { compareTree, refuseTooLarge, type SeenCheckpoint, type UrlViolation } from './verify-served.ts';
import type { FetchTile } from './verify-tiles.ts';
import { keysOfPolicy, type WitnessPolicy } from './witness-policy.ts';
import { meetsQuorum, needsOutsider } from './witness-quorum.ts';

export interface UrlVerdict {
  readonly sound: boolean;
  readonly origin: string;
  readonly size: number;
  readonly tiles: number;
  /** Whether a key that the caller brought signed the checkpoint. */
  readonly signed: boolean;
  /** Names of witnesses whose keys the caller brought and who cosigned it. */
  readonly witnesses: readonly string[];
  /** Sizes of the checkpoints kept from before that the tree was compared with. */
  readonly compared: readonly number[];
  readonly violations: readonly UrlViolation[];
  readonly unproven: readonly string[];
}

export interface UrlVerifyOptions extends VerifyCrypto {
  readonly keys: readonly string[];
  /** Signed checkpoints of this log that the caller kept. */
  readonly checkpoints: readonly string[];
  readonly policy?: WitnessPolicy;
  readonly onProgress?: (entries: number, of: number) => void;
}

/** Throws NoteError where a key or a checkpoint of the options cannot be used, or the note is no checkpoint; TooLarge. */
export async function verifyUrl(
  note: Uint8Array,
  fetchTile: FetchTile,
  options: UrlVerifyOptions,
): Promise<UrlVerdict> {
  const keys = broughtKeys(options);
  const text = decodeNote(note);
  const checkpoint = parseCheckpoint(splitNote(text).text);
  const { origin, size } = checkpoint;
  const violations: UrlViolation[] = [];
  const signatures = await signaturesOf(text, checkpoint, keys, options, violations);
  const verdict = {
    ...{ origin, size, signed: signatures.length > 0 },
    witnesses: [
      ...new Set(signatures.flatMap(({ key, timeSeconds }) => (timeSeconds === null ? [] : [key.name]))),
    ],
  };
  // Tiles of a log that nobody vouches for, or of another, say nothing more.
  if (violations.length > 0) return close(verdict, { tiles: 0, compared: [], violations }, options);
  refuseTooLarge(size);
  const pinned = await openPinned(options, origin, keys);
  if (options.policy !== undefined && !meetsQuorum(options.policy, signatures))
    violations.push({
      index: null,
      kind: 'quorum_not_met',
      message: `the checkpoint of ${size} entries is not cosigned as the policy asks`,
    });
  const published = { ...checkpoint, isCosigned: isVouchedFor(signatures, options.policy) };
  const { sha256, onProgress } = options;
  const tree = { fetchTile, sha256, ...(onProgress && { onProgress }) };
  const { tiles, compared, violations: found } = await compareTree(published, pinned, tree);
  violations.push(...found);
  return close(verdict, { tiles, compared, violations }, options);
}

function broughtKeys({ keys, policy, sha256 }: UrlVerifyOptions): VerifierKey[] {
  const all = [...new Set([...keys, ...(policy === undefined ? [] : keysOfPolicy(policy))])];
  const parsed = all.map((text) => parseVerifierKey(text, sha256));
  if (parsed.length > 0 && !parsed.some(({ type }) => type === ED25519))
    throw new NoteError('bring the verifier key of the log too: a witness does not say whose log it is');
  return parsed;
}

const trustOf = (keys: readonly VerifierKey[], origin: string) => ({
  origin,
  logKeys: keys.filter(({ type, name }) => type === ED25519 && name === origin),
  witnessKeys: keys.filter(({ type }) => type === ED25519_COSIGNATURE),
});

async function signaturesOf(
  text: string,
  { origin }: Checkpoint,
  keys: readonly VerifierKey[],
  crypto: VerifyCrypto,
  violations: UrlViolation[],
): Promise<readonly VerifiedSignature[]> {
  if (keys.length === 0) return [];
  const trust = trustOf(keys, origin);
  const refuse = (message: string) => violations.push({ index: null, kind: 'checkpoint_invalid', message });
  if (trust.logKeys.length === 0) {
    const wanted = keys.filter(({ type }) => type === ED25519).map(({ name }) => name);
    refuse(
      `it is a checkpoint of ${origin}, and the keys given are of ${wanted.join(', ')}; a log that another goes on for has an address of its own (/v1/ledger/logs)`,
    );
    return [];
  }
  try {
    return (await openCheckpoint(text, trust, crypto)).signatures;
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    refuse(`${error.message}: this is not the log whose key was given, or its key was changed`);
    return [];
  }
}

/** As the log publishes it: with its quorum, where that is known; else with any witness whose key was brought. */
const isVouchedFor = (
  signatures: readonly VerifiedSignature[],
  policy: WitnessPolicy | undefined,
): boolean =>
  policy === undefined
    ? signatures.some(({ timeSeconds }) => timeSeconds !== null)
    : meetsQuorum(policy, signatures);

function openPinned(
  options: UrlVerifyOptions,
  origin: string,
  keys: readonly VerifierKey[],
): Promise<SeenCheckpoint[]> {
  const { checkpoints, policy } = options;
  return Promise.all(
    checkpoints.map(async (note) => {
      const { signatures, ...pinned } =
        keys.length > 0
          ? await openCheckpoint(note, trustOf(keys, origin), options)
          : { ...parseCheckpoint(splitNote(note).text), signatures: [] };
      if (pinned.origin !== origin)
        throw new NoteError(`the checkpoint given is of ${pinned.origin}, not of ${origin}`);
      return { ...pinned, isCosigned: isVouchedFor(signatures, policy) };
    }),
  );
}

type Found = Pick<UrlVerdict, 'tiles' | 'compared' | 'violations'>;

function close(
  verdict: Pick<UrlVerdict, 'origin' | 'size' | 'signed' | 'witnesses'>,
  found: Found,
  options: UrlVerifyOptions,
): UrlVerdict {
  const unproven = whatIsUnproven(verdict, found, options);
  return { ...verdict, ...found, sound: found.violations.length === 0, unproven };
}

function whatIsUnproven(
  { size, signed, witnesses }: Pick<UrlVerdict, 'size' | 'signed' | 'witnesses'>,
  { compared }: Found,
  { policy }: UrlVerifyOptions,
): string[] {
  return [
    'What the entries say: they are shown to regulators alone. Their links, times and meaning were not checked, nor whether each disclosure had its consent: an export shows it.',
    !signed &&
      'Whose log this is: no key of it vouches for the checkpoint, so the root is the word of whoever answers at this address. Bring --key, got otherwise.',
    witnesses.length === 0
      ? 'That everyone is shown the same log: no witness whose key was given has cosigned the checkpoint.'
      : `That the witnesses (${witnesses.join(', ')}) are not run by the operator.`,
    policy !== undefined &&
      !needsOutsider(policy) &&
      'That anybody but the operator has seen this log: under this policy no witness is needed that somebody else runs.',
    compared.length === 0 &&
      'That the log is the one that was seen before: no earlier checkpoint was compared. Keep this one, and give it with --checkpoint next time.',
    compared.some((one) => one > size) &&
      `Why the checkpoint that is published has ${size} entries, and not the ${Math.max(...compared)} of one that was kept: no witness whose key was given vouches for those after it. The tiles hold them; whether it was published and taken back, this cannot tell: bring the policy of the log, and the keys of all its witnesses.`,
    `That nothing was added after the first ${Math.max(size, ...compared)} entries, or is held back: compare with a checkpoint that you got later, or from another.`,
  ].filter((sentence) => sentence !== false);
}
