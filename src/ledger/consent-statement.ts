// What a householder's passkey signs when a consent is given. Pure. Made again from the entry and from what its commitment
// `signature` opens to, so that anyone checks offline that this very consent was signed, in this very log.
import { canonicalJson } from '../lib/canonical-json.ts';

const prefix = 'stabledoor/consent/v1\n';

/** The fields of `consent.given` that are signed. */
export interface SignedTerms {
  readonly third_party: string;
  readonly purpose: string;
  readonly resolution: string;
  readonly window: { readonly from: string; readonly until: string };
  readonly registers: readonly string[];
  readonly once?: 1;
}

/** What ties the signature to words and home without telling them: base64, 32 bytes each. */
export interface SignedSalts {
  /** Random. */
  readonly salt: string;
  /** `homeDigest` of the words and the meter points. */
  readonly home: string;
}

/** The challenge is its SHA-256 (WebAuthn). */
export function consentStatement(
  origin: string,
  { third_party, purpose, resolution, window, registers, once }: SignedTerms,
  { salt, home }: SignedSalts,
): string {
  const terms = { third_party, purpose, resolution, window: { ...window }, registers: [...registers] };
  return prefix + canonicalJson({ origin, salt, home, ...terms, once: once ?? 0 });
}

/** What stands for wording and meter points in the statement; hash it with SHA-256. `salt` is kept apart from the rest. */
export const homeText = (salt: string, wording: string, mpans: readonly string[]): string =>
  canonicalJson({ salt, wording, meter_points: [...mpans].sort() });
