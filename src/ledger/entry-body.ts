// What each kind of entry says: one strict schema a kind, and the one way from a body to its canonical text and back.
// A field that is not listed here cannot enter the ledger; a kind that is not listed cannot be verified.
import { z } from 'zod';
import { canonicalJson } from '../lib/canonical-json.ts';
import { checkBodyLength } from './entry.ts';
import {
  actor,
  commitments,
  consentRef,
  consentWindow,
  encodedNote,
  hash,
  jkt,
  line,
  meterRef,
  orderRef,
  readWindow,
  reasonCode,
  register,
  requestId,
  resolution,
  scope,
  seconds,
  setOf,
  storeRead,
  supplyRef,
  thirdParty,
  tokenId,
  version,
  wholeNumber,
  word,
} from './entry-field.ts';
import {
  operatorAdded,
  operatorCarried,
  operatorDecided,
  operatorKeyAdded,
  operatorProposed,
  operatorRemoved,
  proposalId,
} from './entry-operator.ts';
import { optOutPurposes } from './licence.ts';
import { isPlainJson } from './plain-json.ts';

const kind = <const Kind extends string, Fields extends z.ZodRawShape>(name: Kind, fields: Fields) =>
  z.strictObject({ kind: z.literal(name), req: requestId, actor, ...fields });

const consentTerms = {
  consent_ref: consentRef,
  version,
  third_party: thirdParty,
  purpose: word,
  resolution,
  window: consentWindow,
  registers: setOf(register, 3),
  meter_refs: setOf(meterRef, 64),
  expires_s: seconds,
  /** Present, and 1, for a consent to a single read. */
  once: z.literal(1).exactOptional(),
  /** What the giver proved with: a code sent by mail, a passkey of their own, or the sandbox in their name. */
  signed_by: z.enum(['code', 'passkey', 'sandbox']),
  /** Of a giver who answers for the home as somebody's attorney or deputy. */
  answered_as: z.enum(['attorney', 'deputy']).exactOptional(),
  commit: commitments('wording', 'meter_points'),
};
/** How a stop came, where it was not from the householder's own page. */
const through = z.enum(['phone', 'post', 'in-person', 'helper', 'home']).exactOptional();
const consentOver = { consent_ref: consentRef, version, third_party: thirdParty };
const requestOver = { consent_ref: consentRef, third_party: thirdParty, purpose: word };

/** By what right a read is answered, with what verify needs to see it. `own` comes with its fields. */
const byConsent = { basis: z.literal('consent'), consent_ref: consentRef, version };
const byLicence = { basis: z.literal('licence'), supply_ref: supplyRef };
const byOrder = { basis: z.literal('order'), order_ref: orderRef };

const disclosed = {
  third_party: thirdParty,
  meter_ref: meterRef,
  purpose: word,
  resolution,
  register,
  window: readWindow,
  /** Readings released. */
  count: wholeNumber,
  decision: z.literal('allowed'),
  reasons: setOf(reasonCode, 32, 0),
  policy: hash,
  jkt,
  /** Absent where the meter store cannot number its reads. */
  store_read: storeRead.exactOptional(),
  commit: commitments('readings', 'proof', 'meter_point'),
};
const refused = {
  third_party: thirdParty,
  meter_ref: meterRef.exactOptional(),
  purpose: word.exactOptional(),
  resolution: resolution.exactOptional(),
  register: register.exactOptional(),
  window: readWindow.exactOptional(),
  decision: z.literal('refused'),
  reasons: setOf(reasonCode, 32),
  policy: hash.exactOptional(),
  jkt,
  store_read: storeRead.exactOptional(),
  commit: commitments('proof'),
};

/** Of what two operators decided: the proposal that one made and another approved. */
const proposal = proposalId.exactOptional();

const hasOneSource = (body: { consent_ref?: string; scopes?: string[] }): boolean =>
  (body.consent_ref === undefined) !== (body.scopes === undefined);
const hasTarget = (body: { consent_ref?: string; token?: string }): boolean =>
  body.consent_ref !== undefined || body.token !== undefined;

const entryBody = z.discriminatedUnion('kind', [
  kind('log.opened', { mode: z.enum(['production', 'sandbox', 'demo']), origin: line(255), key: line(4096) }),
  /** Entry 0 of a log that goes on for one that was set back. The notes are base64 of their UTF-8. */
  kind('log.succeeded', {
    mode: z.enum(['production', 'sandbox', 'demo']),
    origin: line(255),
    key: line(4096),
    former_origin: line(255),
    former_key: line(4096),
    /** What is left of the former log: its first entries. */
    kept_size: wholeNumber,
    kept_root: hash,
    /** The longest checkpoint of the former log that is known: what lies between is lost. */
    known_size: wholeNumber,
    known_checkpoint: encodedNote,
    /** The longest that a witness is known to have cosigned, where it is another. */
    cosigned_checkpoint: encodedNote.exactOptional(),
    /** Signed by the former key: that this log goes on, under this key. */
    handover: encodedNote,
    /** What told of the longest one: the head guard, a witness, a checkpoint that somebody kept. */
    known_from: line(300),
    proposal,
  }).refine((body) => body.known_size >= body.kept_size, 'no more is kept than is known'),
  kind('key.published', { use: z.enum(['ledger', 'tokens']), key: line(4096) }),
  /** `key` is the text that its key.published has. */
  kind('key.retired', { use: z.enum(['ledger', 'tokens']), key: line(4096), proposal }),
  kind('operator.added', operatorAdded),
  kind('operator.carried', operatorCarried),
  kind('operator.key-added', operatorKeyAdded),
  kind('operator.removed', operatorRemoved),
  kind('operator.proposed', operatorProposed),
  kind('operator.approved', operatorDecided),
  kind('operator.declined', operatorDecided),
  kind('policy.published', {
    policy: hash,
    effective_s: seconds,
    /** The set in force that it was compared with; absent for the first of a log. */
    replaces: hash.exactOptional(),
    /** Present, and 1, where it may allow what that set refused. */
    weakens: z.literal(1).exactOptional(),
    proposal,
  }),
  kind('third-party.registered', {
    third_party: thirdParty,
    class: word,
    group: line(200),
    purposes: setOf(word, 32),
    proposal,
  }),
  kind('third-party.suspended', { third_party: thirdParty, reason: line(500) }),
  /** For good. What it had ends at once. */
  kind('third-party.struck-off', { third_party: thirdParty, reason: line(500), proposal }),
  kind('third-party.restored', { third_party: thirdParty }),
  kind('meter-point.linked', {
    /** A code posted there, or the operator's own check; absent in entries from before there were codes. */
    proven_by: z.enum(['code', 'operator']).exactOptional(),
    commit: commitments('meter_point'),
  }),
  kind('meter-point.unlinked', { commit: commitments('meter_point', 'until') }),
  kind('consent.requested', {
    consent_ref: consentRef,
    third_party: thirdParty,
    purpose: word,
    resolution,
    window: consentWindow,
    commit: commitments(),
  }),
  kind('consent.given', consentTerms),
  kind('consent.refused', requestOver),
  kind('consent.lapsed', requestOver),
  kind('consent.narrowed', consentTerms),
  kind('consent.stopped', { ...consentOver, through }),
  kind('consent.expired', consentOver),
  kind('consent.ended', consentOver),
  kind('consent.superseded', consentOver),
  kind('consent.returned', consentOver),
  kind('token.issued', {
    third_party: thirdParty,
    /** Of a token that comes from a consent. */
    consent_ref: consentRef.exactOptional(),
    /** Of a token that a third party has in its own name. */
    scopes: setOf(scope, 16).exactOptional(),
    jkt,
    token: tokenId,
    expires_s: seconds,
  }).refine(hasOneSource, 'a token is of a consent or of scopes'),
  kind('token.revoked', {
    third_party: thirdParty,
    /** Absent for a token that a third party had in its own name. */
    consent_ref: consentRef.exactOptional(),
    /** Present where one access token was revoked, and not all that the consent gave. */
    token: tokenId.exactOptional(),
    reason: line(200),
  }).refine(hasTarget, 'a token or all tokens of a consent'),
  z.discriminatedUnion('basis', [
    kind('disclosure', { ...byConsent, ...disclosed }),
    kind('disclosure', { ...byLicence, ...disclosed }),
    kind('disclosure', { ...byOrder, ...disclosed }),
  ]),
  z.discriminatedUnion('basis', [
    kind('refusal', { ...byConsent, ...refused }),
    kind('refusal', { ...byLicence, ...refused }),
    kind('refusal', { ...byOrder, ...refused }),
  ]),
  kind('disclosure.void', { disclosure: wholeNumber, reason: line(200) }),
  /** That a third party supplies the household at a meter point, and so may read what its licence lets it. */
  kind('supply.recorded', {
    supply_ref: supplyRef,
    third_party: thirdParty,
    meter_ref: meterRef,
    commit: commitments('meter_point'),
  }),
  kind('supply.ended', { supply_ref: supplyRef, third_party: thirdParty }),
  /** What the household refuses of it from here on: all of it, each time. */
  kind('opt-out.recorded', {
    supply_ref: supplyRef,
    third_party: thirdParty,
    purposes: setOf(z.enum(optOutPurposes), optOutPurposes.length, 0),
  }),
  /** In a chain of its own until `opens_s`: a court can order that an access is not shown yet. */
  kind('lawful-order.recorded', {
    order_ref: orderRef,
    third_party: thirdParty,
    instrument: z.enum(['court-order', 'statutory-notice']),
    resolution,
    registers: setOf(register, 3),
    window: readWindow,
    meter_refs: setOf(meterRef, 10),
    /** No read from then on. */
    expires_s: seconds,
    /** From then on the households are told. */
    opens_s: seconds,
    proposal,
    commit: commitments('order'),
  }),
  /** In the order's own chain, and in that of each household it is about: what was ordered, and what was read by it. */
  kind('lawful-order.opened', { order_ref: orderRef, commit: commitments('order') }),
  /** The last entry of a household's chain: how many there were, and nothing of whose. */
  kind('subject.erased', { entries: wholeNumber, proposal }),
  kind('read.dropped', { store_read: storeRead }),
  /** Root of the map of tags over the entries before `size` (tag-map.ts). */
  kind('map.published', { size: wholeNumber, root: hash }),
]);

export type EntryBody = z.infer<typeof entryBody>;
export type EntryKind = EntryBody['kind'];
export type EntryOf<Kind extends EntryKind> = Extract<EntryBody, { kind: Kind }>;

type WithoutLedgerFields<Body> = Body extends unknown ? Omit<Body, 'req' | 'commit'> : never;
/** A body as a room writes it; the ledger adds the request id and the commitments. */
export type EntryDraft = WithoutLedgerFields<EntryBody>;
export type Commitments = Readonly<Record<string, string>>;

export class EntryBodyError extends Error {
  override readonly name = 'EntryBodyError';
}

function checked(value: unknown): EntryBody {
  if (!isPlainJson(value)) throw new EntryBodyError('body: it nests too deep, or has a name that is none');
  const result = entryBody.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new EntryBodyError(`${path === '' ? 'body' : path}: ${issue?.message ?? 'not an entry body'}`);
}

/** The canonical text of a draft with what the ledger adds. Throws EntryBodyError or EntryFormatError. */
export function sealBody(draft: EntryDraft, request: string, commit?: Commitments): string {
  const body = checked(
    commit === undefined ? { ...draft, req: request } : { ...draft, req: request, commit },
  );
  const text = canonicalJson(body);
  checkBodyLength(text);
  return text;
}

/** Takes only a known kind, with its fields and no other, in canonical form. Throws EntryBodyError. */
export function parseEntryBody(text: string): EntryBody {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EntryBodyError('the body is not JSON');
  }
  const body = checked(value);
  if (JSON.stringify(value) !== text || !hasSortedNames(value))
    throw new EntryBodyError('the body is not in canonical form (RFC 8785)');
  return body;
}

/**
 * With names in order, JSON.stringify writes what RFC 8785 does: its escapes are the same, and a checked body holds no
 * number but integers and no name that looks like one. Twice as fast as canonicalizing, for a verifier of millions.
 */
function hasSortedNames(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(hasSortedNames);
  let before = '';
  for (const [name, item] of Object.entries(value)) {
    if (name < before || !hasSortedNames(item)) return false;
    before = name;
  }
  return true;
}
