// Every setting: what it must look like, its default, and what it does. `stabledoor config` prints this table.
import { z } from 'zod';
import { ratePolicyText, readRatePolicies, standardRatePolicies } from './http/rate-policies.ts';

export const modes = ['production', 'sandbox', 'demo'] as const;
export type Mode = (typeof modes)[number];

interface Setting {
  readonly schema: z.ZodType<string>;
  readonly standard: string;
  readonly does: string;
  /** Never printed. */
  readonly secret?: true;
}

const port = z
  .string()
  .refine(
    (text) => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535,
    'a port is a number from 1 to 65535',
  );
const path = z.string().max(4096, 'a path has at most 4096 characters');
const postgresUrl = z
  .string()
  .max(2048)
  .refine((text) => /^postgres(ql)?:\/\//.test(text), 'a database address starts with postgres://');
const issuer = z
  .string()
  .max(2048)
  .refine(isIssuer, 'an issuer is an https address without query, fragment or final slash');
const logOrigin = z
  .string()
  .refine(
    (text) => /^[!-*,-~]{1,255}$/.test(text) && !text.includes('://'),
    'a log origin is a scheme-less name such as broker.example/audit',
  );

function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    ['http:', 'https:'].includes(url.protocol) &&
    !url.search &&
    !url.hash &&
    !url.username &&
    !text.endsWith('/') &&
    !text.includes('?')
  );
}

export const settings = {
  PORT: { schema: port, standard: '8080', does: 'port of the HTTP server' },
  HOST: { schema: z.string().max(255), standard: '127.0.0.1', does: 'address the HTTP server listens on' },
  DATABASE_URL: {
    schema: postgresUrl,
    standard: 'an embedded PostgreSQL in the data folder',
    does: 'the broker’s database, as the application role',
    secret: true,
  },
  STABLEDOOR_OWNER_DATABASE_URL: {
    schema: postgresUrl,
    standard: 'none',
    does: 'the same database as its owner; only `stabledoor migrate` uses it',
    secret: true,
  },
  STABLEDOOR_AUDIT_DATABASE_URL: {
    schema: postgresUrl,
    standard: 'none',
    does: 'the same database as the regulator’s reader',
    secret: true,
  },
  STABLEDOOR_METER_STORE_URL: {
    schema: postgresUrl,
    standard: 'an embedded one',
    does: 'the meter store, as a role that cannot write',
    secret: true,
  },
  STABLEDOOR_IMPORT_DATABASE_URL: {
    schema: postgresUrl,
    standard: 'an embedded one',
    does: 'the meter store, as the importer; only `stabledoor import` uses it',
    secret: true,
  },
  STABLEDOOR_SUBJECT_KEYS_URL: {
    schema: postgresUrl,
    standard: 'an embedded one',
    does: 'where the key of each household is kept; its backups are kept for 30 days at most',
    secret: true,
  },
  STABLEDOOR_MODE: {
    schema: z.enum(modes, 'the mode is production, sandbox or demo'),
    standard: 'sandbox',
    does: 'production, sandbox or demo; a log keeps the mode it was opened in',
  },
  STABLEDOOR_ISSUER: {
    schema: issuer,
    standard: 'http://localhost:PORT',
    does: 'the public address; needed in production',
  },
  STABLEDOOR_DATA_DIR: { schema: path, standard: '.stabledoor', does: 'the data folder' },
  STABLEDOOR_KEY_DIR: { schema: path, standard: 'keys-<mode> in the data folder', does: 'the signing keys' },
  STABLEDOOR_LOG_ORIGIN: {
    schema: logOrigin,
    standard: '<host of the issuer>/ledger',
    does: 'the name of the ledger',
  },
  STABLEDOOR_TLS_CERT_FILE: {
    schema: path,
    standard: 'none',
    does: 'certificate chain, where TLS ends here',
  },
  STABLEDOOR_TLS_KEY_FILE: { schema: path, standard: 'none', does: 'the certificate’s private key' },
  STABLEDOOR_TRUST_PROXY: {
    schema: z.string().max(1024),
    standard: 'none',
    does: 'addresses of the proxies in front (as express takes them), where TLS ends there',
  },
  STABLEDOOR_DPOP_NONCE: {
    schema: z.enum(['on', 'off'], 'nonces are on or off'),
    standard: 'off',
    does: 'on: a DPoP proof needs a nonce of ours (RFC 9449 section 8), at the cost of one more round trip now and then',
  },
  STABLEDOOR_HELP_PHONE: {
    schema: z.string().regex(/^[0-9+() -]{3,40}$/, 'a phone number has digits, spaces, brackets, + and -'),
    standard: 'none; the pages then point to the letter',
    does: 'number that householders can phone, also to stop sharing',
  },
  STABLEDOOR_MAIL_URL: {
    schema: z
      .string()
      .refine((text) => /^smtps?:\/\//.test(text), 'a mail address starts with smtp:// or smtps://'),
    standard: 'smtp://localhost:25',
    does: 'the mail server; demo and sandbox keep mail on a page instead',
    secret: true,
  },
  STABLEDOOR_SOFTWARE_STATEMENT_FILE: {
    schema: path,
    standard: 'none; in production third parties are then registered by operators alone',
    does: 'whose software statements are taken when third parties register themselves: {"issuers":[{"issuer":…,"jwks":…}]}',
  },
  STABLEDOOR_RATE_LIMITS: {
    schema: z
      .string()
      .max(1024)
      .refine(
        (text) => readRatePolicies(text) !== null,
        `limits are written as reads=60000/60 (how many, in how many seconds), apart by commas; the names are ${Object.keys(standardRatePolicies).join(', ')}`,
      ),
    standard: ratePolicyText,
    does: 'how often a caller may do what; a name that is left out keeps its default',
  },
  STABLEDOOR_METRICS_PORT: { schema: port, standard: 'none', does: 'port of /metrics, on HOST' },
  STABLEDOOR_HEAD_GUARD_FILE: {
    schema: path,
    standard: 'head-guard-<mode> in the data folder',
    does: 'the newest checkpoint, kept apart from the database, so that an old backup is known for one',
  },
  STABLEDOOR_WITNESS_POLICY_FILE: {
    schema: path,
    standard: 'none',
    does: 'the witnesses that cosign the ledger’s checkpoints, and how many it takes (C2SP tlog-policy)',
  },
  STABLEDOOR_WITNESS_STOP_MINUTES: {
    schema: z
      .string()
      .refine((text) => /^[1-9]\d{0,4}$/.test(text), 'a whole number of minutes from 1 to 99999'),
    standard: 'none',
    does: 'refuses to record, and so to release, once the witnesses are this late; without it they only raise an alarm',
  },
  STABLEDOOR_MAP_INTERVAL_SECONDS: {
    schema: z
      .string()
      .refine((text) => /^[1-9]\d{0,5}$/.test(text), 'a whole number of seconds from 1 to 999999'),
    standard: '600',
    does: 'how often the ledger publishes the map under which a householder can be shown that no entry is held back',
  },
  STABLEDOOR_OPERATOR_KEY_FILE: {
    schema: path,
    standard: 'none',
    does: 'your own private key as an operator, at the command line: what you propose and approve is signed with it',
  },
  STABLEDOOR_POLICY_DIR: { schema: path, standard: 'policies', does: 'the Cedar policy files' },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;
