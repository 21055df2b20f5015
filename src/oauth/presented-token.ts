// A token that a third party shows at introspection or revocation: which of its own tokens it is, if any.
// Another third party's token is as unknown as one that was made up, so that nobody learns what others hold.
import type { ClientId } from '../lib/ids.ts';
import { type AccessParts, type VerifiedToken, verifyAccessToken } from './access-token.ts';
import type { Caller } from './caller.ts';
import { sha256 } from './digest.ts';
import { invalidRequest } from './errors.ts';
import type { Grant } from './grant-store.ts';
import type { Lookups } from './lookups.ts';
import type { Parameters } from './parameters.ts';

export type PresentedToken =
  | { readonly kind: 'access'; readonly token: VerifiedToken }
  | { readonly kind: 'refresh'; readonly grant: Grant };

const longestToken = 8192;

/** `token_type_hint` is not needed: the two kinds look different (RFC 7009 section 2.1). Null: not one of the caller's. */
export async function readPresentedToken(
  parts: AccessParts & { readonly lookups: Lookups },
  { thirdParty: { clientId } }: Caller,
  { token }: Parameters,
): Promise<PresentedToken | null> {
  if (token === undefined) throw invalidRequest('token is missing');
  const presented = await find(parts, token);
  return presented !== null && ownerOf(presented) === clientId ? presented : null;
}

async function find(
  parts: AccessParts & { readonly lookups: Lookups },
  text: string,
): Promise<PresentedToken | null> {
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) {
    const stored = await parts.lookups.refreshToken(sha256(text));
    return stored && { kind: 'refresh', grant: stored.grant };
  }
  const token = text.length > longestToken ? null : await verifyAccessToken(parts, text);
  return token && { kind: 'access', token };
}

const ownerOf = (presented: PresentedToken): ClientId =>
  presented.kind === 'refresh' ? presented.grant.clientId : presented.token.clientId;
