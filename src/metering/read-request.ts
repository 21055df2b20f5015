// One read as the door is asked for it: who asks, and for which readings. Pure.
import type { ConsentId, GrantId, MeterRef } from '../lib/ids.ts';
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
export interface Caller {
  readonly clientId: string;
  readonly consentId: ConsentId;
  readonly grantId: GrantId;
  readonly jti: string;
  readonly jkt: string;
  readonly proof: string;
  readonly proofJtiHash: string;
  readonly proofExpiresS: number;
  readonly limits: TokenLimits;
}
