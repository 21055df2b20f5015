// The keys that a third party keeps at its own address (jwks_uri): fetched, checked as registered ones are, and cleaned.
import { fitsJsonLimits } from '../lib/json-shape.ts';
import { type Jwks, JwksFault, readFetchedJwks } from './jwks.ts';
import { CallFault, type CallThirdParty } from './third-party-call.ts';

/** Errors: JwksFault, whose message says what is wrong in words fit for the third party. */
export async function fetchKeys(call: CallThirdParty, uri: string): Promise<Jwks> {
  const headers = { accept: 'application/jwk-set+json, application/json' };
  const { status, text } = await call({ method: 'GET', url: uri, headers }).catch((error: unknown) => {
    throw error instanceof CallFault ? new JwksFault(`jwks_uri: ${error.message}`) : error;
  });
  if (status !== 200) throw new JwksFault(`jwks_uri: the answer was ${status}, not 200`);
  return readFetchedJwks(parse(text));
}

function parse(text: string): unknown {
  if (!fitsJsonLimits(text)) throw new JwksFault('jwks_uri: the JSON is too deep or has too many values');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new JwksFault('jwks_uri: the answer is not JSON');
  }
}
