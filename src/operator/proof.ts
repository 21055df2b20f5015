// Who signs, and whether the signature holds: a key on record, of an operator who is one now, over exactly that statement.
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { OperatorProof } from '../ledger/entry-operator.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { Credential, Operator } from './operator.ts';
import { signedBy } from './operator-key.ts';
import { findCredential, findOperator } from './operator-store.ts';

/** Somebody who can sign: a key file at the command line, a passkey that answered on a page. */
export interface Signer {
  /** The thumbprint of the public key. */
  readonly thumbprint: string;
  prove(statement: string): Promise<OperatorProof>;
}

export interface Signing {
  readonly operator: Operator;
  readonly credential: Credential;
}

/** Whether a passkey answered that statement, on our own pages. */
export type CheckPasskey = (
  credential: Credential,
  statement: string,
  proof: OperatorProof,
) => Promise<boolean>;

/** Errors: `operator_unknown`. */
export async function findSigning(store: Store | BrokerTransaction, thumbprint: string): Promise<Signing> {
  const credential = await findCredential(store, { credentialId: thumbprint });
  const operator = credential && (await findOperator(store, credential.operatorId));
  if (!credential || !operator || operator.removedAt !== null) throw new StabledoorError('operator_unknown');
  return { operator, credential };
}

/** The proof, once it was seen to hold. Errors: `operator_proof_invalid`. */
export async function proven(
  { credential }: Signing,
  signer: Signer,
  statement: string,
  checkPasskey: CheckPasskey,
): Promise<OperatorProof> {
  const proof = await signer.prove(statement);
  const holds =
    proof.key === credential.credentialId &&
    (credential.keptIn === 'passkey'
      ? await checkPasskey(credential, statement, proof)
      : proof.client_data === undefined && signedBy(credential.publicKey, statement, proof.signature));
  if (!holds) throw new StabledoorError('operator_proof_invalid');
  return proof;
}
