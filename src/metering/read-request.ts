// One read as the door is asked for it: who asks, and for which readings. Pure.
import type { ConsentId, GrantId, MeterRef } from '../lib/ids.ts';
import type { Purpose } from '../policy/request.ts';
import type { ReadingWindow, Register, Resolution } from './reading.ts';
import type { TokenLimits } from './token-limits.ts';

/** One read that a third party asks for, its token and proof verified, its window of whole periods. */
export interface ReadRequest {
  readonly caller: Caller;
  readonly meterRef: MeterRef;
  readonly register: Register;
  readonly resolution: Resolution;
  readonly window: ReadingWindow;
}

/** Who asks: what the access token and the DPoP proof have shown. */
export type Caller = ConsentCaller | OwnCaller;

interface Shown {
  readonly clientId: string;
  readonly jti: string;
  /** Of the key that signed the token. */
  readonly kid: string;
  readonly jkt: string;
  readonly proof: string;
  readonly proofJtiHash: string;
  readonly proofExpiresS: number;
}

/** With a token that a householder's consent gave. */
export interface ConsentCaller extends Shown {
  readonly kind: 'consent';
  readonly consentId: ConsentId;
  readonly grantId: GrantId;
  readonly limits: TokenLimits;
}

/** With one in its own name: by licence or by a lawful order. */
export interface OwnCaller extends Shown {
  readonly kind: 'client';
  /** What a supplier reads for; null where it says nothing. */
  readonly purpose: Purpose | null;
}
