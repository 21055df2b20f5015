// Who we are to an authenticator (WebAuthn: the relying party). Pure. Made of the issuer and of nothing that a request says:
// a passkey made for us works on our own pages and on no other.
import { isIP } from 'node:net';

export interface RelyingParty {
  /** The host that passkeys are bound to. */
  readonly id: string;
  /** The one origin that they may be used on. */
  readonly origin: string;
  readonly name: string;
}

/** Null where browsers make no passkeys: the host is an address and no name, or there is no TLS outside localhost. */
export function relyingPartyOf(issuer: string): RelyingParty | null {
  const { hostname, origin, protocol } = new URL(issuer);
  if (isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0) return null;
  if (protocol !== 'https:' && hostname !== 'localhost') return null;
  return { id: hostname, origin, name: 'Stabledoor' };
}
