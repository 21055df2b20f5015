// What the contracts of several OAuth endpoints have in common.
import { z } from 'zod';

export const text = (description: string) => z.string().meta({ description });

export const clientAuthentication = {
  client_assertion_type: z.literal('urn:ietf:params:oauth:client-assertion-type:jwt-bearer'),
  client_assertion: text(
    'A JWT signed with a registered key; `aud` is exactly the issuer, `jti` is used once.',
  ),
  client_id: text('If sent, the `sub` of the assertion.').optional(),
};

export const oauthError = z
  .object({
    error: text('As RFC 6749, 9126, 9396 and 9449 name it.'),
    error_description: text('What is wrong, in words.'),
  })
  .meta({ id: 'OauthError' });

export const json = (description: string, schema: z.ZodType) => ({
  description,
  body: { contentType: 'application/json', schema },
});
export const document = (description: string) => json(description, z.looseObject({}));

export const formErrors = {
  400: json('The request is refused; `error` says why', oauthError),
  401: json('The client assertion is not valid', oauthError),
  413: json('The body is larger than 64 kB', oauthError),
  429: json('Too often: wait as long as `Retry-After` says', oauthError),
  503: json('Nothing can be issued now', oauthError),
};
