// Settings: read, checked and grouped once. The one reader of process.env; secrets come from files and are never
// printed. A bad setting stops the start with one line that names it (exit 78).
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type Mode, modes, type SettingName, settings } from './config-settings.ts';
import {
  type RatePolicies,
  ratePolicyText,
  readRatePolicies,
  standardRatePolicies,
} from './http/rate-policies.ts';

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** sysexits.h EX_CONFIG. */
export const configExitCode = 78;

export interface Config {
  readonly mode: Mode;
  readonly port: number;
  readonly host: string;
  readonly issuer: string;
  readonly dataDir: string;
  readonly keyDir: string;
  readonly policyDir: string;
  readonly headGuardFile: string;
  readonly logOrigin: string;
  readonly mailUrl: string;
  readonly helpPhone: string | null;
  readonly trustProxy: string | null;
  /** A DPoP proof needs a nonce of ours. */
  readonly dpopNonce: boolean;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly softwareStatementFile: string | null;
  /** Of whoever runs the command, not of the broker. */
  readonly operatorKeyFile: string | null;
  readonly rateLimits: RatePolicies;
  readonly metricsPort: number | null;
  readonly witnesses: { readonly policyFile: string; readonly stopAfterMs: number | null } | null;
  readonly mapIntervalMs: number;
  /** Null: the embedded server in the data folder. */
  readonly databases: ExternalDatabases | null;
}

export interface ExternalDatabases {
  readonly app: string;
  readonly owner: string | null;
  readonly audit: string | null;
  readonly meterStore: string;
  readonly importer: string | null;
  readonly subjectKeys: string;
}

type Values = Partial<Record<SettingName, string>>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that a program fixes, whatever the environment says: the demo is always in demo mode. */
export const environmentWith = (fixed: Partial<Record<SettingName, string>>): Environment => ({
  ...process.env,
  ...fixed,
});

/** Errors: ConfigError, its message one line that names the setting. */
export function readConfig(env: Environment = process.env): Config {
  refuseUnknown(env);
  const values = readValues(env);
  const mode = z.enum(modes).parse(values.STABLEDOOR_MODE ?? 'sandbox');
  const port = Number(values.PORT ?? 8080);
  const dataDir = resolve(values.STABLEDOOR_DATA_DIR ?? '.stabledoor');
  const tls = readTls(values);
  const issuer = readIssuer(values, mode, port);
  const host = values.HOST ?? '127.0.0.1';
  if (mode === 'production') refuseClearText(values, host);
  return {
    mode,
    port,
    host,
    issuer,
    dataDir,
    keyDir: resolve(values.STABLEDOOR_KEY_DIR ?? join(dataDir, `keys-${mode}`)),
    policyDir: resolve(values.STABLEDOOR_POLICY_DIR ?? join(import.meta.dirname, '../policies')),
    headGuardFile: resolve(values.STABLEDOOR_HEAD_GUARD_FILE ?? join(dataDir, `head-guard-${mode}`)),
    logOrigin:
      values.STABLEDOOR_LOG_ORIGIN ??
      `${new URL(issuer).host}${new URL(issuer).pathname.replace(/\/$/, '')}/ledger`,
    mailUrl: values.STABLEDOOR_MAIL_URL ?? 'smtp://localhost:25',
    helpPhone: values.STABLEDOOR_HELP_PHONE ?? null,
    trustProxy: values.STABLEDOOR_TRUST_PROXY ?? null,
    dpopNonce: values.STABLEDOOR_DPOP_NONCE === 'on',
    tls,
    softwareStatementFile: values.STABLEDOOR_SOFTWARE_STATEMENT_FILE ?? null,
    operatorKeyFile: values.STABLEDOOR_OPERATOR_KEY_FILE
      ? resolve(values.STABLEDOOR_OPERATOR_KEY_FILE)
      : null,
    rateLimits: readRatePolicies(values.STABLEDOOR_RATE_LIMITS ?? ratePolicyText) ?? standardRatePolicies,
    metricsPort: values.STABLEDOOR_METRICS_PORT ? Number(values.STABLEDOOR_METRICS_PORT) : null,
    witnesses: readWitnesses(values),
    mapIntervalMs: Number(values.STABLEDOOR_MAP_INTERVAL_SECONDS ?? 600) * 1000,
    databases: readDatabases(values),
  };
}

export interface DescribedSetting {
  readonly name: SettingName;
  /** As it is set; null where the default holds. Of a secret only that it is set. */
  readonly value: string | null;
  readonly standard: string;
  readonly does: string;
  readonly secret: boolean;
}

/** Every setting for people to read. Checks nothing. */
export function describeSettings(env: Environment = process.env): DescribedSetting[] {
  return Object.entries(settings).map(([name, setting]) => {
    const secret = 'secret' in setting;
    const value = env[name] || null;
    const { standard, does } = setting;
    return {
      name: name as SettingName,
      value: secret && value ? 'set, hidden' : value,
      standard,
      does,
      secret,
    };
  });
}

function refuseUnknown(env: Environment): void {
  const unknown = Object.keys(env).find((name) => name.startsWith('STABLEDOOR_') && !(name in settings));
  if (unknown)
    throw new ConfigError(`${unknown}: there is no such setting; \`stabledoor config\` lists them all`);
}

function readValues(env: Environment): Values {
  const values: Values = {};
  for (const [name, setting] of Object.entries(settings) as [SettingName, (typeof settings)[SettingName]][]) {
    const value = env[name];
    if (value === undefined || value === '') continue;
    const checked = setting.schema.safeParse(value);
    if (!checked.success)
      throw new ConfigError(`${name}: ${checked.error.issues[0]?.message ?? 'not valid'}`);
    values[name] = value;
  }
  return values;
}

function readTls(values: Values): Config['tls'] {
  const {
    STABLEDOOR_TLS_CERT_FILE: certFile,
    STABLEDOOR_TLS_KEY_FILE: keyFile,
    STABLEDOOR_TRUST_PROXY: proxy,
  } = values;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new ConfigError('STABLEDOOR_TLS_CERT_FILE and STABLEDOOR_TLS_KEY_FILE: set both or neither');
  if (certFile && proxy)
    throw new ConfigError(
      'STABLEDOOR_TLS_CERT_FILE and STABLEDOOR_TRUST_PROXY: TLS ends here or at the proxy, not at both',
    );
  return certFile && keyFile ? { certFile, keyFile } : null;
}

/** Sessions and tokens must not be there to read for whoever is on the way. */
function refuseClearText(values: Values, host: string): void {
  const isOwn = host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
  if (isOwn || values.STABLEDOOR_TLS_CERT_FILE || values.STABLEDOOR_TRUST_PROXY) return;
  throw new ConfigError(
    `HOST: on ${host}, production needs STABLEDOOR_TLS_CERT_FILE, or STABLEDOOR_TRUST_PROXY where TLS ends before it`,
  );
}

function readWitnesses(values: Values): Config['witnesses'] {
  const { STABLEDOOR_WITNESS_POLICY_FILE: file, STABLEDOOR_WITNESS_STOP_MINUTES: minutes } = values;
  if (minutes !== undefined && file === undefined)
    throw new ConfigError(
      'STABLEDOOR_WITNESS_STOP_MINUTES and STABLEDOOR_WITNESS_POLICY_FILE: the first is set and the second is not',
    );
  if (file === undefined) return null;
  return { policyFile: resolve(file), stopAfterMs: minutes === undefined ? null : Number(minutes) * 60_000 };
}

function readIssuer(values: Values, mode: Mode, port: number): string {
  const issuer = values.STABLEDOOR_ISSUER;
  if (issuer === undefined) {
    if (mode === 'production')
      throw new ConfigError('STABLEDOOR_ISSUER: production needs the https address of this broker');
    return `http://localhost:${port}`;
  }
  const { protocol, hostname } = new URL(issuer);
  if (protocol === 'http:' && (mode === 'production' || hostname !== 'localhost'))
    throw new ConfigError('STABLEDOOR_ISSUER: use https; http is for http://localhost outside production');
  return issuer;
}

function readDatabases(values: Values): ExternalDatabases | null {
  const app = values.DATABASE_URL;
  const others = [
    'STABLEDOOR_OWNER_DATABASE_URL',
    'STABLEDOOR_AUDIT_DATABASE_URL',
    'STABLEDOOR_METER_STORE_URL',
    'STABLEDOOR_IMPORT_DATABASE_URL',
    'STABLEDOOR_SUBJECT_KEYS_URL',
  ] as const;
  if (app === undefined) {
    const stray = others.find((name) => values[name] !== undefined);
    if (stray) throw new ConfigError(`${stray} and DATABASE_URL: the first is set and the second is not`);
    return null;
  }
  const needed = (name: SettingName): string => {
    const value = values[name];
    if (value === undefined) throw new ConfigError(`${name}: needed because DATABASE_URL is set`);
    return value;
  };
  return {
    app,
    owner: values.STABLEDOOR_OWNER_DATABASE_URL ?? null,
    audit: values.STABLEDOOR_AUDIT_DATABASE_URL ?? null,
    meterStore: needed('STABLEDOOR_METER_STORE_URL'),
    importer: values.STABLEDOOR_IMPORT_DATABASE_URL ?? null,
    subjectKeys: needed('STABLEDOOR_SUBJECT_KEYS_URL'),
  };
}
