// What a FAPI 2.0 authorization server looks like from outside: all that the cases may know of the one they are run against.
import type { RelyingParty } from '../../support/third-party.ts';

export type TargetName = 'stabledoor' | 'node-oidc-provider';

export interface Answered {
  /** Where the browser ended: an address of the third party, or a page of the server. */
  readonly url: URL;
  readonly status: number;
  readonly html: string;
  readonly headers: Headers;
}

export interface Metadata {
  readonly [member: string]: unknown;
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly pushed_authorization_request_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly introspection_endpoint: string;
  readonly revocation_endpoint: string;
}

export interface Target {
  readonly name: TargetName;
  readonly metadata: Metadata;
  /** Two third parties that may ask for the same. */
  readonly first: RelyingParty;
  readonly second: RelyingParty;
  /** A scope that a third party may have in its own name. */
  readonly ownScope: string;
  /** What a bound token opens, with GET. */
  readonly resource: string;
  /** The form fields by which a householder is asked; changes go into the authorization detail, where there is one. */
  asking(changes?: object): Record<string, string | undefined>;
  /** Moves the server's clock and the third parties' with it. */
  advance(seconds: number): Promise<void>;
  /** Opens the page and answers it, as a browser without script. */
  approve(authorizationUrl: string): Promise<Answered>;
  refuse(authorizationUrl: string): Promise<Answered>;
  /** Opens the page and answers nothing. */
  look(authorizationUrl: string): Promise<Answered>;
  close(): Promise<void>;
}
