// A third party in one file, on openid-client as it comes: ask, get a code back, redeem it, read. Copy it.
// Its two keys never leave it: one signs who it is (private_key_jwt), one proves that the token is its own (DPoP).
import * as client from 'openid-client';

export interface ThirdPartySettings {
  readonly issuer: string;
  readonly clientId: string;
  /** The private half of a registered key, with its key id. */
  readonly signingKey: client.CryptoKey;
  readonly keyId: string;
  readonly redirectUri: string;
  /** Seconds that the broker's clock is ahead of ours. 0, but in a sandbox whose clock was moved. */
  readonly clockSkewSeconds?: number;
}

/** What is asked for: see `authorization_details` in the broker's openapi.yaml. */
export interface Wanted {
  readonly purpose: string;
  readonly resolution: 'P1M' | 'P1D' | 'PT30M';
  readonly from: string;
  readonly until: string;
}

export interface Access {
  readonly consentId: string;
  readonly meterPoints: readonly string[];
  readonly resolution: string;
  readonly from: string;
  readonly until: string;
  /** Reads what the householder agreed to. A refusal is an answer too: look at `status` and `code`. */
  readings(meterPoint: string, query: Record<string, string>): Promise<Response>;
  /** A new access token, when the old one has run out. */
  refresh(): Promise<void>;
}

export interface PushedRequest {
  /** Where to send the householder. */
  readonly authorizationUrl: URL;
  /** Takes the address that the householder came back to. Throws when the answer was no. */
  redeem(callback: URL): Promise<Access>;
}

export interface ThirdParty {
  ask(wanted: Wanted): Promise<PushedRequest>;
}

export async function openThirdParty(settings: ThirdPartySettings): Promise<ThirdParty> {
  const { issuer, clientId, signingKey, keyId } = settings;
  const config = await client.discovery(
    new URL(issuer),
    clientId,
    { [client.clockSkew]: settings.clockSkewSeconds ?? 0, use_mtls_endpoint_aliases: false },
    client.PrivateKeyJwt({ key: signingKey, kid: keyId }),
    // http is for a sandbox on this very machine; openid-client wants to be told.
    {
      algorithm: 'oauth2',
      execute: issuer.startsWith('http://localhost') ? [client.allowInsecureRequests] : [],
    },
  );
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  return { ask: (wanted) => ask(config, DPoP, settings, wanted) };
}

async function ask(
  config: client.Configuration,
  DPoP: client.DPoPHandle,
  settings: ThirdPartySettings,
  wanted: Wanted,
): Promise<PushedRequest> {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const authorizationUrl = await client.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: settings.redirectUri,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      authorization_details: JSON.stringify([{ type: 'meter_readings', fuels: ['electricity'], ...wanted }]),
    },
    { DPoP },
  );
  return {
    authorizationUrl,
    async redeem(callback) {
      const checks = { pkceCodeVerifier: verifier, expectedState: state };
      const tokens = await client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP });
      return access(config, DPoP, settings.issuer, tokens);
    },
  };
}

interface GrantedDetail {
  consent_id: string;
  meter_points: string[];
  resolution: string;
  from: string;
  until: string;
}

function access(
  config: client.Configuration,
  DPoP: client.DPoPHandle,
  issuer: string,
  first: client.TokenEndpointResponse,
): Access {
  let accessToken = first.access_token;
  const refreshToken = first.refresh_token as string;
  const [granted] = first.authorization_details as unknown as [GrantedDetail];
  return {
    consentId: granted.consent_id,
    meterPoints: granted.meter_points,
    resolution: granted.resolution,
    from: granted.from,
    until: granted.until,
    async readings(meterPoint, query) {
      const url = new URL(`${issuer}/v1/meter-points/${meterPoint}/readings`);
      url.search = new URLSearchParams(query).toString();
      try {
        return await client.fetchProtectedResource(config, accessToken, url, 'GET', undefined, undefined, {
          DPoP,
        });
      } catch (error) {
        // openid-client throws on a challenge; the answer is inside.
        if (error instanceof client.WWWAuthenticateChallengeError) return error.response;
        throw error;
      }
    },
    async refresh() {
      accessToken = (await client.refreshTokenGrant(config, refreshToken, undefined, { DPoP })).access_token;
    },
  };
}
