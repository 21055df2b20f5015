// Makes the configuration with which the OpenID Foundation's certification suite is pointed at a running broker: registers two
// third parties with keys of their own and says how a browser without script answers. docs/conformance.md says how to use it.
import { parseArgs } from 'node:util';
import { exportJWK, generateKeyPair, type JWK } from 'jose';

export interface SuiteOptions {
  /** The broker's, in a mode other than production. */
  readonly issuer: string;
  /** Where the suite runs, and the name under which it does. */
  readonly suite: string;
  readonly alias: string;
  /** E-mail addresses of two households: one says yes, the other is asked where a no is tested. */
  readonly household: string;
  readonly refusing: string;
}

/** Scopes of the plan variants: with a householder, and in the third party's own name. */
export const suiteScopes = { household: 'readings:energy-advice', own: 'consents:read' } as const;

interface SuiteClient {
  readonly client_id: string;
  readonly scope: string;
  readonly jwks: { readonly keys: readonly JWK[] };
  readonly dpop_signing_alg: 'ES256';
}

async function register(options: SuiteOptions, name: string, scope: string): Promise<SuiteClient> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key: JWK = {
    ...(await exportJWK(privateKey)),
    kid: `${options.alias}-${name}`,
    alg: 'ES256',
    use: 'sig',
  };
  const { d: _, ...publicKey } = key;
  const callback = `${options.suite}/test/a/${options.alias}/callback`;
  const answer = await fetch(`${options.issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: `Certification ${name}`,
      registration_number: 'certification',
      redirect_uris: [callback, `${callback}?dummy1=lorem&dummy2=ipsum`],
      jwks: { keys: [publicKey] },
      class: 'energy-adviser',
      purposes: ['energy-advice'],
    }),
  });
  const body = (await answer.json()) as { client_id?: string };
  if (body.client_id === undefined) throw new Error(`not registered: ${JSON.stringify(body)}`);
  return { client_id: body.client_id, scope, jwks: { keys: [key] }, dpop_signing_alg: 'ES256' };
}

/** What an HTML-only browser does on our pages: nothing is chosen beforehand, so it chooses the first of everything. */
function browserOf({ issuer, suite }: SuiteOptions, email: string, answer: 'share' | 'refuse') {
  const choose =
    answer === 'share'
      ? [
          ['click', 'id', 'resolution'],
          ['click', 'id', 'meter_points'],
        ]
      : [];
  return [
    {
      match: `${issuer}/authorize*`,
      tasks: [
        {
          task: 'Sign in',
          optional: true,
          match: `${issuer}/sign-in?*`,
          commands: [
            ['text', 'id', 'email', email],
            ['click', 'id', 'continue'],
          ],
        },
        // Outside production the code stands in its field.
        {
          task: 'Code',
          optional: true,
          match: `${issuer}/sign-in/code*`,
          commands: [['click', 'id', 'continue']],
        },
        {
          task: 'Answer',
          optional: true,
          match: `${issuer}/authorize*`,
          commands: [...choose, ['click', 'id', answer]],
        },
        { task: 'Back', match: `${suite}/test/a/*`, commands: [['wait', 'id', 'submission_complete', 10]] },
      ],
    },
  ];
}

/** A request that is not open any more is a page of ours, which the suite keeps as a picture. */
const errorPageOf = ({ issuer }: SuiteOptions) => [
  {
    match: `${issuer}/authorize*`,
    tasks: [
      {
        task: 'Error page',
        match: `${issuer}/authorize*`,
        commands: [['wait', 'xpath', '//h1', 10, '.+', 'update-image-placeholder']],
      },
    ],
  },
];

/** The request is answered once, and shown as over when it is opened again. */
const onceOf = (options: SuiteOptions) => [
  ...browserOf(options, options.household, 'share').map((visit) => ({ ...visit, 'match-limit': 1 })),
  ...errorPageOf(options),
];

/** Looked at and left, before it is answered. */
const lookedAtOf = (options: SuiteOptions) => [
  { match: `${options.issuer}/authorize*`, 'match-limit': 1, tasks: [] },
  ...browserOf(options, options.household, 'share'),
];

const plan = 'fapi2-security-profile-final';

export async function suiteConfiguration(
  options: SuiteOptions,
  scope: string,
): Promise<Record<string, unknown>> {
  const [client, client2] = [await register(options, 'one', scope), await register(options, 'two', scope)];
  const { issuer } = options;
  const { origin, pathname } = new URL(issuer);
  return {
    alias: options.alias,
    description: `Stabledoor at ${issuer}`,
    server: {
      discoveryUrl: `${origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`,
    },
    client,
    client2,
    resource: {
      resourceUrl: scope === suiteScopes.own ? `${issuer}/v1/consents` : `${issuer}/v1/meter-points`,
      resourceMethod: 'GET',
      richAuthorizationRequest: [
        {
          type: 'meter_readings',
          purpose: 'energy-advice',
          fuels: ['electricity'],
          resolution: 'P1M',
          ...windowOf(new Date()),
        },
      ],
    },
    browser: browserOf(options, options.household, 'share'),
    override: {
      [`${plan}-user-rejects-authentication`]: { browser: browserOf(options, options.refusing, 'refuse') },
      [`${plan}-par-attempt-reuse-request_uri`]: { browser: onceOf(options) },
      [`${plan}-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds`]: {
        browser: lookedAtOf(options),
      },
      [`${plan}-par-attempt-to-use-expired-request_uri`]: { browser: errorPageOf(options) },
      [`${plan}-par-attempt-to-use-request_uri-for-different-client`]: { browser: errorPageOf(options) },
      [`${plan}-ensure-unsigned-authorization-request-without-using-par-fails`]: {
        browser: errorPageOf(options),
      },
    },
  };
}

/** The last six whole months and the next two. */
function windowOf(today: Date): { from: string; until: string } {
  const month = (ahead: number) =>
    new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + ahead, 1)).toISOString().slice(0, 10);
  return { from: month(-6), until: month(2) };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      issuer: { type: 'string' },
      suite: { type: 'string', default: 'https://localhost.emobix.co.uk:8443' },
      alias: { type: 'string', default: 'stabledoor' },
      household: { type: 'string' },
      refusing: { type: 'string' },
      own: { type: 'boolean', default: false },
    },
  });
  const { issuer, household, refusing, suite, alias } = values;
  if (issuer === undefined || household === undefined || refusing === undefined) {
    process.stderr.write(
      'usage: node scripts/suite-config.ts --issuer URL --household EMAIL --refusing EMAIL [--suite URL] [--alias NAME] [--own]\n',
    );
    process.exit(2);
  }
  const scope = values.own ? suiteScopes.own : suiteScopes.household;
  const made = await suiteConfiguration({ issuer, household, refusing, suite, alias }, scope);
  process.stdout.write(`${JSON.stringify(made, null, 2)}\n`);
}
