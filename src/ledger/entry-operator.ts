// The fields of entries about operators. They name no person: an operator is a random id and a public key.
import { z } from 'zod';
import { hash, id, isFieldName, jkt, line, seconds, setOf, word } from './entry-field.ts';

const base64url = (longest: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'base64url')
    .max(longest);

export const operatorRef = id('operator');
export const proposalId = id('proposal');

/** What an operator signed with, and the signature over the statement (operator-statement.ts). */
const proof = z.strictObject({
  /** The thumbprint (RFC 7638) of the public key. */
  key: jkt,
  signature: base64url(512),
  /** Of a passkey: what the authenticator signed, whose challenge is the SHA-256 of the statement (WebAuthn, section 6.3.3). */
  authenticator_data: base64url(4096).exactOptional(),
  client_data: base64url(8192).exactOptional(),
});
export type OperatorProof = z.infer<typeof proof>;

/** Fields that the entry which the act leads to must have, in clear. */
const said = z.record(z.string(), z.union([line(4096), setOf(line(200), 32)])).refine((fields) => {
  const names = Object.keys(fields);
  return names.length >= 1 && names.length <= 16 && names.every(isFieldName);
}, 'from 1 to 16 fields with lower-case names');

export const operatorAdded = {
  operator: operatorRef,
  role: word,
  /** Its public key: a JWK in canonical form. */
  key: line(1024),
  kept_in: z.enum(['file', 'passkey']),
  /** Absent for those that a log begins with. */
  proposal: proposalId.exactOptional(),
};
/** Of the former log, right after `log.succeeded`: one an operator's key. */
export const operatorCarried = {
  operator: operatorRef,
  role: word,
  key: line(1024),
  kept_in: z.enum(['file', 'passkey']),
};
/** A further key of the same person, which one of theirs signed for. */
export const operatorKeyAdded = {
  operator: operatorRef,
  key: line(1024),
  kept_in: z.enum(['file', 'passkey']),
  proof,
};
export const operatorRemoved = { operator: operatorRef, proposal: proposalId.exactOptional() };
export const operatorProposed = {
  operator: operatorRef,
  proposal: proposalId,
  act: word,
  /** Of the salted payload. */
  digest: hash,
  said: said.exactOptional(),
  expires_s: seconds,
  proof,
};
export const operatorDecided = { operator: operatorRef, proposal: proposalId, digest: hash, proof };
