// Who calls an endpoint: the client assertion and the DPoP proof of one request, each good for one use (P8).
// The assertion counts as used even when the proof is refused, so that a caught request cannot be mended and sent again.

import type { ClientId } from '../lib/ids.ts';
import type { ThirdParty } from '../registry/third-party.ts';
import { type ClientAuthParts, verifyClientAssertion } from './client-auth.ts';
import { DpopFault, type DpopProof, NonceWanted, proofWindowSeconds, verifyProof } from './dpop.ts';
import {
  invalidClient,
  invalidDpopProof,
  temporarilyUnavailable,
  unauthorizedClient,
  useDpopNonce,
} from './errors.ts';
import type { Parameters } from './parameters.ts';

export interface OauthRequest {
  readonly parameters: Parameters;
  readonly authorization: string | undefined;
  /** Every DPoP header, unjoined. */
  readonly proofs: readonly string[];
  /** Rejects a third party that has asked too often. Once it is known who asks, and before anything is written. */
  readonly admit: (clientId: ClientId) => Promise<void>;
}

export interface Caller {
  readonly thirdParty: ThirdParty;
  readonly proof: DpopProof | null;
}

/** `endpoint` is the address that proofs must name; a proof is verified wherever one is sent. */
export async function identifyCaller(
  parts: ClientAuthParts,
  request: OauthRequest,
  endpoint: string,
): Promise<Caller> {
  const assertion = await verifyClientAssertion(parts, request.parameters, request.authorization);
  await request.admit(assertion.thirdParty.clientId);
  const proof = await readProof(parts, request, endpoint);
  const { thirdParty, jtiHash, rememberUntilS } = assertion;
  const use = await parts.lookups.use({
    assertion: { clientId: thirdParty.clientId, jtiHash, rememberUntilS },
    proof: isProof(proof)
      ? { jkt: proof.jkt, jtiHash: proof.jtiHash, rememberUntilS: proof.iatS + 2 * proofWindowSeconds }
      : null,
  });
  if (!use.hasRoom) throw temporarilyUnavailable();
  if (!use.assertionIsNew) throw invalidClient();
  if (proof instanceof NonceWanted) throw useDpopNonce(proof);
  if (proof instanceof DpopFault) throw invalidDpopProof(proof.message);
  if (proof && !use.proofIsNew) throw invalidDpopProof('the jti was used before');
  if (thirdParty.status !== 'active') throw unauthorizedClient(`this third party is ${thirdParty.status}`);
  return { thirdParty, proof };
}

async function readProof(
  { clock, dpopNonces: nonces }: ClientAuthParts,
  { proofs }: OauthRequest,
  endpoint: string,
): Promise<DpopProof | DpopFault | null> {
  if (proofs.length === 0) return null;
  try {
    return await verifyProof(clock, { proofs, method: 'POST', url: endpoint, nonces });
  } catch (error) {
    if (error instanceof DpopFault) return error;
    throw error;
  }
}

const isProof = (proof: DpopProof | DpopFault | null): proof is DpopProof =>
  proof !== null && !(proof instanceof DpopFault);
