// Dynamic client registration (RFC 7591): open in a sandbox; in production only what a software statement vouches for.
// Members that we do not know are passed over, as the RFC wants; what we know and cannot do is refused.
import { z } from 'zod';
import type { Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Clock, nowSeconds } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import { registerThirdParty } from '../registry/registry.ts';
import type { Registration, ThirdParty } from '../registry/third-party.ts';
import type { CallThirdParty } from '../registry/third-party-call.ts';
import { invalidClientMetadata, invalidRedirectUri, invalidSoftwareStatement } from './errors.ts';
import { endpointsOf } from './metadata.ts';
import { type StatementIssuer, verifySoftwareStatement } from './software-statement.ts';

export interface RegistrationOffer {
  readonly production: boolean;
  /** Whose statements are taken. */
  readonly issuers: readonly StatementIssuer[];
  readonly call: CallThirdParty;
}

export interface RegistrationParts {
  /** This server's own: a statement is for it, or for its registration endpoint. */
  readonly issuer: string;
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

const texts = z.array(z.string().max(2000)).max(20);
/** `class`, `purposes`, `registration_number` and `ethics_number` are ours; the rest is RFC 7591 section 2. */
export const clientMetadata = z.object({
  client_name: z.string().max(200),
  redirect_uris: texts.min(1),
  jwks: z.unknown().optional(),
  jwks_uri: z.string().max(2000).optional(),
  token_endpoint_auth_method: z.literal('private_key_jwt').optional(),
  grant_types: z
    .array(z.enum(['authorization_code', 'refresh_token', 'client_credentials']))
    .max(3)
    .optional(),
  response_types: z.array(z.literal('code')).max(1).optional(),
  authorization_details_types: texts.optional(),
  dpop_bound_access_tokens: z.literal(true).optional(),
  class: z.string().max(60),
  purposes: texts.min(1),
  registration_number: z.string().max(40).optional(),
  ethics_number: z.string().max(40).optional(),
});
type ClientMetadata = z.infer<typeof clientMetadata>;

/** Throws OauthError with the codes of RFC 7591 section 3.2.2. The answer is that of section 3.2.1. */
export async function registerClient(
  parts: RegistrationParts,
  { production, issuers, call }: RegistrationOffer,
  body: unknown,
): Promise<Record<string, unknown>> {
  const sent = z.looseObject({ software_statement: z.string().optional() }).safeParse(body);
  if (!sent.success) throw invalidClientMetadata('the body is a JSON object');
  const { software_statement: statement } = sent.data;
  if (production && statement === undefined)
    throw invalidSoftwareStatement('production takes a software statement, or ask the operator');
  const vouched =
    statement === undefined
      ? {}
      : await verifySoftwareStatement(issuers, parts.clock, statement, audiencesOf(parts.issuer));
  // In production nothing of who somebody is, where answers go and what signs is taken on their own word.
  const metadata = readMetadata(production ? vouched : { ...sent.data, ...vouched });
  const registered = await registerThirdParty(
    { ...parts, production, fetching: { call, clock: parts.clock } },
    registrationOf(metadata),
    { by: 'third-party', vouched: statement !== undefined },
  ).catch((error: unknown) => {
    throw refusalOf(error);
  });
  return answerOf(registered, metadata, nowSeconds(parts.clock), statement);
}

const audiencesOf = (issuer: string) => [issuer, endpointsOf(issuer).registration];

function readMetadata(value: unknown): ClientMetadata {
  const read = clientMetadata.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const fault = `${issue?.path.join('.')}: ${issue?.message}`;
  throw issue?.path[0] === 'redirect_uris' ? invalidRedirectUri(fault) : invalidClientMetadata(fault);
}

/** The registry checks all of it again: what it takes is the same, whoever registers. */
const registrationOf = (metadata: ClientMetadata): Registration =>
  ({
    name: metadata.client_name,
    class: metadata.class,
    purposes: metadata.purposes,
    redirectUris: metadata.redirect_uris,
    ...(metadata.jwks === undefined ? {} : { jwks: metadata.jwks }),
    ...(metadata.jwks_uri === undefined ? {} : { jwksUri: metadata.jwks_uri }),
    ...(metadata.registration_number === undefined
      ? {}
      : { registrationNumber: metadata.registration_number }),
    ...(metadata.ethics_number === undefined ? {} : { ethicsNumber: metadata.ethics_number }),
    ...(metadata.authorization_details_types === undefined
      ? {}
      : { detailTypes: metadata.authorization_details_types }),
  }) as Registration;

function refusalOf(error: unknown): unknown {
  if (!(error instanceof StabledoorError) || error.code !== 'invalid_request') return error;
  return /redirect/i.test(error.message)
    ? invalidRedirectUri(error.message)
    : invalidClientMetadata(error.message);
}

const answerOf = (
  one: ThirdParty,
  metadata: ClientMetadata,
  issuedS: number,
  statement: string | undefined,
) => ({
  client_id: one.clientId,
  client_id_issued_at: issuedS,
  client_name: one.name,
  redirect_uris: one.redirectUris,
  ...(one.jwksUri === null ? { jwks: one.jwks } : { jwks_uri: one.jwksUri }),
  token_endpoint_auth_method: 'private_key_jwt',
  grant_types: metadata.grant_types ?? ['authorization_code', 'refresh_token', 'client_credentials'],
  response_types: ['code'],
  authorization_details_types: one.detailTypes,
  dpop_bound_access_tokens: true,
  require_pushed_authorization_requests: true,
  class: one.class,
  purposes: one.purposes,
  ...(one.registrationNumber === '' ? {} : { registration_number: one.registrationNumber }),
  ...(one.ethicsNumber === null ? {} : { ethics_number: one.ethicsNumber }),
  ...(statement === undefined ? {} : { software_statement: statement }),
});
