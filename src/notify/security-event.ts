// A withdrawal notice as a security event token (RFC 8417). Pure. It says that something is over, or less, and nothing
// else: who decided that, how and why is the householder's business.
import type { ClientId } from '../lib/ids.ts';

export type NoticeEvent = 'consent-over' | 'consent-narrowed' | 'access-suspended' | 'access-restored';

export interface Notice {
  /** The `jti`: the same at every attempt, so that a receiver can tell a repeated notice. */
  readonly jti: string;
  readonly clientId: ClientId;
  readonly event: NoticeEvent;
  /** The id of the consent, or of the third party itself. */
  readonly subject: string;
  readonly happenedAt: Date;
}

export const eventUri = (event: NoticeEvent): string => `urn:stabledoor:event:${event}`;

/** The claims of RFC 8417 section 2.2; the subject as RFC 9493 section 3.2.2 writes an opaque one. */
export interface SecurityEventClaims {
  readonly iss: string;
  readonly aud: string;
  readonly jti: string;
  readonly iat: number;
  readonly toe: number;
  readonly sub_id: { readonly format: 'opaque'; readonly id: string };
  readonly events: Readonly<Record<string, object>>;
}

export function securityEvent(issuer: string, notice: Notice): SecurityEventClaims {
  const happenedS = Math.floor(notice.happenedAt.getTime() / 1000);
  return {
    iss: issuer,
    aud: notice.clientId,
    jti: notice.jti,
    iat: happenedS,
    toe: happenedS,
    sub_id: { format: 'opaque', id: notice.subject },
    events: { [eventUri(notice.event)]: {} },
  };
}

/** Signs the claims as `secevent+jwt`. */
export type SignSecurityEvent = (claims: SecurityEventClaims) => Promise<string>;
