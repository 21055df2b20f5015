// Drafts of every kind of entry and a small honest log made of them, for tests that then break it.

import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import { assembleEntry, genesisPrev } from '../../src/ledger/entry.ts';
import { type EntryDraft, type EntryKind, sealBody } from '../../src/ledger/entry-body.ts';
import { EXPORT_FORMAT, type ExportLine } from '../../src/ledger/export-format.ts';
import { formatHandover, type Handover } from '../../src/ledger/handover.ts';
import { leafHash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { type NoteSigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { EMPTY_NODE, mapRoot } from '../../src/ledger/tag-map.ts';
import type { Verdict } from '../../src/ledger/verdict.ts';
import { type VerifyOptions, verifyLog } from '../../src/ledger/verify.ts';
import { decodeBase64, encodeBase64 } from '../../src/lib/base64.ts';
import { ours } from './vectors.ts';

export const BRIGHTWATT = 'client_BRIGHTWATTbrightwattBR';
export const HEARTH = 'client_HEARTHhearthHEARTHhear';
export const CONSENT = 'consent_ONEoneONEoneONEoneONEo';
export const METER = 'mp_METERmeterMETERmeterME';
export const OTHER_METER = 'mp_OTHERotherOTHERotherOT';
export const ANN = 'operator_ANNannANNannANNannANNa';
export const PROPOSAL = 'proposal_ONEoneONEoneONEoneONEo';
export const JKT = 'J'.repeat(43);
export const POLICY_TEXT = 'permit (principal, action, resource);';
/** base64 SHA-256 of POLICY_TEXT. */
export const POLICY = 'cNyFKy6KJ9i7x96nx1+w959jRCDbS0zMDByLbopDK6o=';
export const START_S = 1_700_000_000;

/** The log that a small log may go on for, and its key. */
export const formerOrigin = 'former.example/audit';
export const formerSigner = noteSigner(formerOrigin, new Uint8Array(32).fill(6));
const decoded = (text: string): Uint8Array => decodeBase64(text) as Uint8Array;
export const handoverOf = (handover: Handover): string =>
  encodeBase64(utf8(formerSigner.signNote(formatHandover(handover))));

type Draft<Kind extends EntryKind> = Extract<EntryDraft, { kind: Kind }>;
const terms = {
  consent_ref: CONSENT,
  version: 1,
  third_party: BRIGHTWATT,
  purpose: 'energy-advice',
  resolution: 'P1D',
  window: { from: '2023-01-01', until: '2024-01-01' },
  registers: ['import'],
  meter_refs: [METER],
  expires_s: START_S + 86_400,
  signed_by: 'code',
} as const;
const decided = {
  operator: ANN,
  proposal: PROPOSAL,
  digest: POLICY,
  proof: { key: JKT, signature: 'c2ln' },
} as const;
const over = { consent_ref: CONSENT, version: 1, third_party: BRIGHTWATT } as const;
const asked = { consent_ref: CONSENT, third_party: BRIGHTWATT, purpose: 'energy-advice' } as const;

export const SUPPLY = 'supply_ONEoneONEoneONEoneONEo';
export const ORDER = 'order_ONEoneONEoneONEoneONEo';

/** Of what is read by several rights, the draft is by consent. */
type OfConsent<Kind extends EntryKind> = Kind extends 'disclosure' | 'refusal'
  ? Extract<Draft<Kind>, { basis: 'consent' }>
  : Draft<Kind>;

/** One honest draft a kind. Typed, so that a kind without one does not compile. */
export const drafts: { readonly [Kind in EntryKind]: OfConsent<Kind> } = {
  'log.opened': {
    kind: 'log.opened',
    actor: 'broker',
    mode: 'sandbox',
    origin: ours.origin,
    key: ours.logKey,
  },
  'log.succeeded': {
    kind: 'log.succeeded',
    actor: 'operator',
    mode: 'sandbox',
    origin: ours.origin,
    key: ours.logKey,
    former_origin: formerOrigin,
    former_key: formerSigner.key.text,
    kept_size: 1,
    kept_root: POLICY,
    known_size: 3,
    known_checkpoint: encodeBase64(
      utf8(
        formerSigner.signNote(formatCheckpoint({ origin: formerOrigin, size: 3, root: new Uint8Array(32) })),
      ),
    ),
    known_from: 'the head guard',
    handover: handoverOf({ formerOrigin, keptSize: 1, keptRoot: decoded(POLICY), key: ours.logKey }),
  },
  'key.published': { kind: 'key.published', actor: 'operator', use: 'tokens', key: '{"kty":"EC"}' },
  'key.retired': { kind: 'key.retired', actor: 'broker', use: 'tokens', key: '{"kty":"EC"}' },
  'policy.published': { kind: 'policy.published', actor: 'operator', policy: POLICY, effective_s: START_S },
  'operator.added': {
    kind: 'operator.added',
    actor: 'operator',
    operator: ANN,
    role: 'administrator',
    key: '{"crv":"Ed25519","kty":"OKP"}',
    kept_in: 'file',
  },
  'operator.carried': {
    kind: 'operator.carried',
    actor: 'broker',
    operator: ANN,
    role: 'administrator',
    key: '{"crv":"Ed25519","kty":"OKP"}',
    kept_in: 'file',
  },
  'operator.key-added': {
    kind: 'operator.key-added',
    actor: 'operator',
    operator: ANN,
    key: '{"crv":"P-256","kty":"EC"}',
    kept_in: 'passkey',
    proof: { key: JKT, signature: 'c2ln' },
  },
  'operator.removed': { kind: 'operator.removed', actor: 'operator', operator: ANN },
  'operator.proposed': {
    kind: 'operator.proposed',
    actor: 'operator',
    operator: ANN,
    proposal: PROPOSAL,
    act: 'third-party-register',
    digest: POLICY,
    said: { third_party: BRIGHTWATT, purposes: ['energy-advice'] },
    expires_s: START_S + 604_800,
    proof: { key: JKT, signature: 'c2ln' },
  },
  'operator.approved': { kind: 'operator.approved', actor: 'operator', ...decided },
  'operator.declined': { kind: 'operator.declined', actor: 'operator', ...decided },
  'third-party.registered': {
    kind: 'third-party.registered',
    actor: 'operator',
    third_party: BRIGHTWATT,
    class: 'energy-adviser',
    group: 'Brightwatt Ltd',
    purposes: ['energy-advice'],
  },
  'third-party.suspended': {
    kind: 'third-party.suspended',
    actor: 'operator',
    third_party: BRIGHTWATT,
    reason: 'struck off',
  },
  'third-party.struck-off': {
    kind: 'third-party.struck-off',
    actor: 'operator',
    third_party: BRIGHTWATT,
    reason: 'sold what it was given',
  },
  'third-party.restored': { kind: 'third-party.restored', actor: 'operator', third_party: BRIGHTWATT },
  'meter-point.linked': { kind: 'meter-point.linked', actor: 'operator' },
  'meter-point.unlinked': { kind: 'meter-point.unlinked', actor: 'operator' },
  'consent.requested': {
    kind: 'consent.requested',
    actor: 'third-party',
    ...asked,
    resolution: 'PT30M',
    window: { from: '2023-01-01', until: '2024-06-01' },
  },
  'consent.given': {
    kind: 'consent.given',
    actor: 'householder',
    ...terms,
    registers: ['import'],
    meter_refs: [METER],
  },
  'consent.refused': { kind: 'consent.refused', actor: 'householder', ...asked },
  'consent.lapsed': { kind: 'consent.lapsed', actor: 'broker', ...asked },
  'consent.narrowed': {
    kind: 'consent.narrowed',
    actor: 'householder',
    ...terms,
    registers: ['import'],
    meter_refs: [METER],
    version: 2,
    resolution: 'P1M',
  },
  'consent.stopped': { kind: 'consent.stopped', actor: 'householder', ...over },
  'consent.expired': { kind: 'consent.expired', actor: 'broker', ...over },
  'consent.ended': { kind: 'consent.ended', actor: 'operator', ...over },
  'consent.superseded': { kind: 'consent.superseded', actor: 'householder', ...over },
  'consent.returned': { kind: 'consent.returned', actor: 'third-party', ...over },
  'token.issued': {
    kind: 'token.issued',
    actor: 'broker',
    third_party: BRIGHTWATT,
    consent_ref: CONSENT,
    jkt: JKT,
    token: 'Xy-4_w',
    expires_s: START_S + 300,
  },
  'token.revoked': {
    kind: 'token.revoked',
    actor: 'third-party',
    third_party: BRIGHTWATT,
    consent_ref: CONSENT,
    reason: 'asked',
  },
  disclosure: {
    kind: 'disclosure',
    actor: 'third-party',
    basis: 'consent',
    ...over,
    meter_ref: METER,
    purpose: 'energy-advice',
    resolution: 'P1D',
    register: 'import',
    window: { from: '2023-01-01', to: '2023-02-01' },
    count: 31,
    decision: 'allowed',
    reasons: [],
    policy: POLICY,
    jkt: JKT,
    store_read: '1700000000/1',
  },
  refusal: {
    kind: 'refusal',
    actor: 'third-party',
    basis: 'consent',
    ...over,
    decision: 'refused',
    reasons: ['finer_than_consented'],
    jkt: JKT,
  },
  'supply.recorded': {
    kind: 'supply.recorded',
    actor: 'operator',
    supply_ref: SUPPLY,
    third_party: BRIGHTWATT,
    meter_ref: METER,
  },
  'supply.ended': { kind: 'supply.ended', actor: 'operator', supply_ref: SUPPLY, third_party: BRIGHTWATT },
  'opt-out.recorded': {
    kind: 'opt-out.recorded',
    actor: 'householder',
    supply_ref: SUPPLY,
    third_party: BRIGHTWATT,
    purposes: ['forecasting', 'settlement'],
  },
  'lawful-order.recorded': {
    kind: 'lawful-order.recorded',
    actor: 'operator',
    order_ref: ORDER,
    third_party: BRIGHTWATT,
    instrument: 'court-order',
    resolution: 'P1D',
    registers: ['import'],
    window: { from: '2023-01-01', to: '2023-03-01' },
    meter_refs: [METER],
    expires_s: START_S + 86_400,
    opens_s: START_S + 172_800,
  },
  'lawful-order.opened': { kind: 'lawful-order.opened', actor: 'broker', order_ref: ORDER },
  'disclosure.void': { kind: 'disclosure.void', actor: 'broker', disclosure: 6, reason: 'too late' },
  'subject.erased': { kind: 'subject.erased', actor: 'householder', entries: 7 },
  'read.dropped': { kind: 'read.dropped', actor: 'broker', store_read: '1700000000/2' },
  /** Of the honest log, which has no tags. */
  'map.published': {
    kind: 'map.published',
    actor: 'broker',
    size: 8,
    root: encodeBase64(mapRoot([EMPTY_NODE], sha256)),
  },
};

const COMMITMENT = POLICY;
const committed: Partial<Record<EntryKind, string[]>> = {
  'meter-point.linked': ['meter_point'],
  'meter-point.unlinked': ['meter_point', 'until'],
  'consent.requested': ['wording'],
  'consent.given': ['wording', 'meter_points'],
  'consent.narrowed': ['wording', 'meter_points'],
  disclosure: ['readings', 'proof', 'meter_point'],
  refusal: ['proof'],
  'supply.recorded': ['meter_point'],
  'lawful-order.recorded': ['order'],
  'lawful-order.opened': ['order'],
};
/** Commitments that a body of that kind must have. Their values are not looked at by anyone without a key. */
export function commitOf(kind: EntryKind): Record<string, string> | undefined {
  const fields = committed[kind];
  return fields === undefined ? undefined : Object.fromEntries(fields.map((field) => [field, COMMITMENT]));
}

export const logSigner = noteSigner(ours.origin, new Uint8Array(32).fill(1));
export const requestOf = (number: number): string =>
  `${String(number).padStart(8, '0')}-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** An entry to be: what stands in it, and when. `text` and `body` bend it where a sealed draft would not bend. */
export interface Step {
  readonly draft: EntryDraft;
  readonly timeMs?: number;
  readonly request?: string;
  readonly index?: number;
  readonly prev?: string;
  readonly stag?: string;
  /** Commitments besides those that its kind must have, or instead of them. */
  readonly commit?: Readonly<Record<string, string>>;
  readonly body?: (body: string) => string;
  readonly text?: (text: string) => string;
}

/** Entry texts of a log that links and hashes as it should, but for what its steps bend. */
export function entriesOf(steps: readonly Step[], origin = ours.origin): string[] {
  let prev = genesisPrev(origin, sha256);
  return steps.map((step, index) => {
    const commit = step.commit ? { ...commitOf(step.draft.kind), ...step.commit } : commitOf(step.draft.kind);
    const sealed = sealBody(step.draft, step.request ?? requestOf(index), commit);
    const timeMs = step.timeMs ?? START_S * 1000 + index * 1000;
    const header = { index: step.index ?? index, prev: step.prev ?? prev, timeMs, stag: step.stag ?? null };
    const assembled = assembleEntry(header, step.body?.(sealed) ?? sealed);
    const text = step.text?.(assembled) ?? assembled;
    prev = encodeBase64(leafHash(utf8(text), sha256));
    return text;
  });
}

export const rootOf = (entries: readonly string[], size = entries.length): Uint8Array =>
  rootOfLeaves(
    entries.slice(0, size).map((text) => leafHash(utf8(text), sha256)),
    sha256,
  );

export const checkpointOf = (
  entries: readonly string[],
  size = entries.length,
  signer: NoteSigner = logSigner,
): string =>
  signer.signNote(formatCheckpoint({ origin: signer.key.name, size, root: rootOf(entries, size) }));

/** An export with the key, the policy text and the last checkpoint. */
export function exportOf(entries: readonly string[], signer: NoteSigner = logSigner): ExportLine[] {
  return [
    {
      type: 'manifest',
      format: EXPORT_FORMAT,
      origin: signer.key.name,
      from: 0,
      size: entries.length,
    },
    { type: 'key', key: signer.key.text },
    { type: 'policy', digest: POLICY, text: POLICY_TEXT },
    ...entries.map((entry): ExportLine => ({ type: 'entry', entry })),
    { type: 'checkpoint', note: checkpointOf(entries, entries.length, signer) },
  ];
}

export async function* asStream(lines: readonly ExportLine[]): AsyncGenerator<ExportLine> {
  yield* lines;
}

export const verifyLines = (
  lines: readonly ExportLine[],
  options: Partial<VerifyOptions> = {},
): Promise<Verdict> => verifyLog(asStream(lines), { ...nodeCrypto, keys: [ours.logKey], ...options });

/** The honest log: entries 0 to 3 open it, 4 and 5 make a consent, 6 and 7 use it. */
export const honest: readonly Step[] = [
  { draft: drafts['log.opened'] },
  { draft: drafts['policy.published'] },
  { draft: drafts['third-party.registered'] },
  { draft: drafts['meter-point.linked'] },
  { draft: drafts['consent.requested'] },
  { draft: drafts['consent.given'] },
  { draft: drafts.disclosure },
  { draft: drafts.refusal },
];
