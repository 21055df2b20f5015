// What a receipt says: the names of ISO/IEC TS 27560 as W3C's Data Privacy Vocabulary writes them, the words that were
// shown, the ledger's own entry with its proof, and how to stop. Pure. It holds nothing that the householder did not see.
import type { HouseholdMeterPoint } from '../household/meter-point.ts';
import type { ThirdParty } from '../registry/third-party.ts';
import type { Consent } from './consent-store.ts';
import { type Wording, wordingText } from './wording.ts';
import { dataWords, whyWords } from './words/en.ts';

export interface ReceiptFacts {
  readonly receiptId: string;
  readonly issuer: string;
  readonly issuedAt: Date;
  readonly consent: Consent;
  readonly party: Pick<
    ThirdParty,
    'clientId' | 'name' | 'tradingName' | 'class' | 'registrationNumber' | 'retentionDays'
  >;
  readonly recipients: readonly string[];
  /** Those of the household; only the consent's own are named. */
  readonly meterPoints: readonly HouseholdMeterPoint[];
  readonly ledger: LedgerProof;
  readonly stopLink: string;
}

export interface LedgerProof {
  readonly origin: string;
  /** The entry of the giving, or of the last narrowing, byte for byte. */
  readonly entry: string;
  /** C2SP tlog-proof: index, inclusion proof, signed checkpoint. */
  readonly proof: string;
}

export type Receipt = Readonly<Record<string, unknown>>;

const schema = 'https://w3id.org/dpv/schema/dpv-27560';
const context = {
  dpv: 'https://w3id.org/dpv#',
  dct: 'http://purl.org/dc/terms/',
  schema: 'https://schema.org/',
  stabledoor: 'urn:stabledoor:',
};

export function receiptOf(facts: ReceiptFacts): Receipt {
  const { receiptId, issuer, issuedAt, stopLink, ledger } = facts;
  return {
    iss: issuer,
    iat: Math.floor(issuedAt.getTime() / 1000),
    jti: receiptId,
    '@context': context,
    '@type': 'dpv:ConsentReceipt',
    'dct:identifier': receiptId,
    'dct:conformsTo': `${schema}#receipt`,
    'dct:created': issuedAt.toISOString(),
    'dct:publisher': issuer,
    'schema:recipient': 'dpv:DataSubject',
    'dpv:hasRecordOfActivity': recordOf(facts),
    'stabledoor:ledger': ledger,
    'stabledoor:stop': stopLink,
  };
}

function recordOf({ consent, party, ...facts }: ReceiptFacts): Receipt {
  const { consentId, version, occupierId, wording, wordingDigest, changedAt, expiresAt } = consent;
  return {
    '@type': 'dpv:ConsentRecord',
    'dct:identifier': consentId,
    'dct:hasVersion': version,
    'dct:conformsTo': `${schema}#record`,
    'dct:issued': changedAt.toISOString(),
    'dct:valid': expiresAt?.toISOString() ?? null,
    'dpv:hasConsentStatus': 'dpv:ConsentGiven',
    'dpv:hasLegalBasis': 'dpv:Consent',
    'dpv:hasDataSubject': { '@type': 'dpv:DataSubject', 'dct:identifier': occupierId },
    'dpv:hasDataController': {
      '@type': 'dpv:DataController',
      'dct:identifier': party.clientId,
      'dct:title': party.name,
      'stabledoor:class': party.class,
      'stabledoor:registration_number': party.registrationNumber,
    },
    'dpv:hasNotice': noticeOf(wording, wordingDigest),
    'dpv:hasProcess': processOf({ consent, party, ...facts }),
  };
}

const noticeOf = (wording: Wording, digest: string): Receipt => ({
  '@type': 'dpv:ConsentNotice',
  'dct:language': wording.language,
  'dct:hasVersion': wording.version,
  'dct:description': wordingText(wording),
  'stabledoor:sha256': digest,
});

function processOf({
  consent,
  party,
  recipients,
  meterPoints,
}: Omit<ReceiptFacts, 'issuer' | 'receiptId'>): Receipt {
  const { terms } = consent;
  return {
    '@type': 'dpv:Process',
    'dpv:hasPurpose': { 'dct:identifier': terms.purpose, 'dct:description': whyWords(terms.purpose) },
    'dpv:hasPersonalData': consent.meterPoints.map(({ meterRef, meterPointId }) => {
      const point = meterPoints.find((each) => each.meterPointId === meterPointId);
      return {
        'dct:identifier': meterRef,
        'dct:description': point ? dataWords([point.fuel], terms.registers, terms.resolution) : [],
        'stabledoor:fuel': point?.fuel ?? null,
        'stabledoor:address': point?.address ?? null,
        'stabledoor:registers': terms.registers,
        'stabledoor:resolution': terms.resolution,
        'stabledoor:from': terms.from,
        'stabledoor:until': terms.until,
      };
    }),
    'stabledoor:once': terms.once,
    'dpv:hasRecipient': recipients,
    'dpv:hasStorageCondition': {
      '@type': 'dpv:StorageDuration',
      'dpv:hasDuration': `P${party.retentionDays}D`,
    },
  };
}
