// The OpenAPI document, made from the contracts of the routes. openapi.yaml is its committed copy.
import { stringify } from 'yaml';
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { BodyContract, RouteContract } from '../http/route-contract.ts';
import { type ErrorCode, errorCatalogue } from '../lib/error-catalogue.ts';

const problem = z
  .object({
    type: z.string().meta({ description: 'Address of the page that explains the code' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What to do, in one sentence' }),
    code: z.string().meta({ description: 'Stable; never renamed, never reused' }),
    request_id: z.string(),
  })
  .loose()
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' });

const description = `Stabledoor stands between stores of meter readings and those who ask for them. A third party
pushes a request, the householder gives less of it, all of it or none, and every reading that leaves is in the
ledger first.

Start at \`/.well-known/oauth-authorization-server\`: all OAuth endpoints are found from it. The profile is FAPI 2.0:
pushed requests, PKCE, \`private_key_jwt\`, DPoP.`;

const tags: readonly { readonly name: RouteContract['tag']; readonly description: string }[] = [
  { name: 'OAuth', description: 'How a consent is asked for and becomes a token.' },
  { name: 'Readings', description: 'What a token lets you read.' },
  { name: 'Consents', description: 'What you hold, and how to give it back.' },
  { name: 'Ledger', description: 'The record of every access, for anyone to check.' },
  {
    name: 'Sandbox',
    description: 'In sandbox and demo only: the clock, and the householder’s side of a request.',
  },
  { name: 'Service', description: 'Health, and this contract.' },
];

export function openApiDocument(contracts: readonly RouteContract[]): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const contract of contracts) {
    const path = paths[contract.path] ?? {};
    paths[contract.path] = { ...path, [contract.method]: operation(contract) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Stabledoor',
      version: '1',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This broker' }],
    tags: tags.filter(({ name }) => contracts.some((contract) => contract.tag === name)),
    paths,
    components: {
      securitySchemes: {
        dpop: {
          type: 'http',
          scheme: 'DPoP',
          description:
            'An access token bound to a key (RFC 9449), with a proof of that key in the `DPoP` header.',
        },
        client: {
          type: 'apiKey',
          in: 'query',
          name: 'client_assertion',
          description: 'A client assertion (RFC 7523) in the form: `private_key_jwt`. Never in the address.',
        },
      },
    },
  });
}

function operation(contract: RouteContract): ZodOpenApiOperationObject {
  const { params, query, header, body } = contract;
  return {
    operationId: contract.operationId,
    tags: [contract.tag],
    summary: contract.summary,
    ...(contract.description ? { description: contract.description } : {}),
    security: contract.security === 'none' ? [] : [{ [contract.security]: [] }],
    requestParams: {
      ...(params ? { path: params } : {}),
      ...(query ? { query } : {}),
      ...(header ? { header } : {}),
    },
    ...(body
      ? { requestBody: { required: true, content: { [body.contentType]: { schema: body.schema } } } }
      : {}),
    responses: { ...answers(contract), ...problems(codesOf(contract)) },
  };
}

/** Everything but a broker's health and the sandbox is counted. */
const codesOf = ({ errors = [], tag, responses }: RouteContract): readonly ErrorCode[] =>
  tag === 'Service' || tag === 'Sandbox' || 429 in responses ? errors : [...errors, 'rate_limited'];

const limitHeaders = z.object({
  RateLimit: z.string().meta({ description: 'What is left of each limit: `"reads";r=0;t=12`' }),
  'RateLimit-Policy': z
    .string()
    .meta({ description: 'The limits that were counted: `"reads";q=60000;w=60`' }),
  'Retry-After': z.string().meta({ description: 'Seconds' }),
});

const answers = (contract: RouteContract) =>
  Object.fromEntries(
    Object.entries(contract.responses).map(([status, answer]) => [
      status as `${1 | 2 | 3 | 4 | 5}${string}`,
      {
        description: answer.description,
        ...(answer.headers ? { headers: answer.headers } : {}),
        ...(answer.body ? { content: contentOf(answer.body) } : {}),
      },
    ]),
  );

const contentOf = (body: BodyContract | readonly BodyContract[]) =>
  Object.fromEntries([body].flat().map(({ contentType, schema }) => [contentType, { schema }]));

/** One response for each status, naming the codes that come with it. */
function problems(codes: readonly ErrorCode[]) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorCatalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, named]) => [
      `${status}` as `${4 | 5}${string}`,
      {
        description: named.map((code) => `\`${code}\`: ${errorCatalogue[code].title}`).join('. '),
        ...(status === 429 ? { headers: limitHeaders } : {}),
        content: { 'application/problem+json': { schema: problem } },
      },
    ]),
  );
}

export const openApiYaml = (contracts: readonly RouteContract[]): string =>
  stringify(openApiDocument(contracts), { lineWidth: 0 });
