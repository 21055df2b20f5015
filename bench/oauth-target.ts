// What the process that asks needs to know of a server that gives tokens: ours, or the peer beside it. Both know the same third
// party with the same keys, and differ in the fields by which a householder is asked.

export interface OauthTarget {
  readonly issuer: string;
  readonly endpoints: { readonly par: string; readonly authorize: string; readonly token: string };
  readonly clientId: string;
  readonly redirectUri: string;
  /** PKCS #8 in base64, and the public half. */
  readonly signingKey: string;
  readonly dpopKey: string;
  readonly dpopJwk: Readonly<Record<string, unknown>>;
  /** How a householder is asked. */
  readonly asking: Readonly<Record<string, string>>;
  /** How a token in the third party's own name is asked for. */
  readonly own: Readonly<Record<string, string>>;
  /** Of householders who are signed in, one each; null where the server signs in whoever comes. */
  readonly cookies: readonly string[] | null;
  readonly refreshToken: string;
}

/** Our broker, with what the peer must be given so that it is the same. */
export interface OauthServer {
  readonly target: OauthTarget;
  readonly databaseUrl: string | null;
  readonly client: { readonly client_id: string; readonly redirect_uri: string; readonly jwk: object };
}

export interface WaitingCode {
  readonly code: string;
  readonly verifier: string;
}

/** What a process is told: to make so many codes that wait to be redeemed, to say how much memory it has, or to end. */
export type Order = { readonly codes: number } | 'memory' | 'end';
