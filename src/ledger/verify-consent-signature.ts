// Whether an opened signature is that of the consent it stands beside: one key over the terms of that entry, in this log, by a
// person whom their device verified. What is not opened is the operator's claim.

import { z } from 'zod';
import { consentStatement } from './consent-statement.ts';
import type { VerifyCrypto } from './crypto.ts';
import type { EntryBody } from './entry-body.ts';
import type { Findings } from './verdict.ts';
import { holdsProof } from './verify-operator-proof.ts';

const base64url = z.string().regex(/^[A-Za-z0-9_-]{1,8192}$/);
const base64Hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
/** What the commitment `signature` of a `consent.given` opens to. */
export const openedSignature = z.strictObject({
  salt: base64Hash,
  home: base64Hash,
  /** A JWK in canonical form. */
  key: z.string().max(2048),
  signature: base64url,
  authenticator_data: base64url,
  client_data: base64url,
});
export type OpenedSignature = z.infer<typeof openedSignature>;

export interface ConsentSignatureCounts {
  /** Opened, and of the consent they stand beside. */
  readonly held: number;
  /** Of a kind of key that cannot be checked here. */
  readonly unchecked: number;
}

/** An operator can commit to any text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export class ConsentSignatureCheck {
  readonly #origin: string;
  readonly #crypto: VerifyCrypto;
  readonly #findings: Findings;
  #held = 0;
  #unchecked = 0;

  constructor(origin: string, crypto: VerifyCrypto, findings: Findings) {
    this.#origin = origin;
    this.#crypto = crypto;
    this.#findings = findings;
  }

  counts(): ConsentSignatureCounts {
    return { held: this.#held, unchecked: this.#unchecked };
  }

  /** `text` is the canonical JSON of the opened value; its commitment was compared before. */
  async take(index: number, body: EntryBody, text: string): Promise<void> {
    const holds = await this.#holds(body, text);
    if (holds === null) this.#unchecked++;
    else if (holds) this.#held++;
    else this.#findings.add(index, 'consent_signature', 'the opened signature is not of this consent');
  }

  async #holds(body: EntryBody, text: string): Promise<boolean | null> {
    if (body.kind !== 'consent.given' || body.signed_by !== 'passkey') return false;
    const opened = openedSignature.safeParse(parsed(text)).data;
    if (opened === undefined) return false;
    const { key, signature, authenticator_data, client_data, ...salts } = opened;
    if (/"kty":"RSA"/.test(key)) return null;
    const statement = consentStatement(this.#origin, body, salts);
    const proof = { key: '', signature, authenticator_data, client_data };
    return holdsProof(this.#crypto, { key, keptIn: 'passkey' }, statement, proof);
  }
}
