// `stabledoor third-party …`: the registry from the command line, through the same functions as the broker.
import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { expireConsents } from '../consent/consents.ts';
import { strikeOff as endAll } from '../consent/strike-off.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import type { ClientId } from '../lib/ids.ts';
import { propose } from '../operator/proposals.ts';
import { type ThirdPartyClass, thirdPartyClasses } from '../policy/request.ts';
import { purposesOf } from '../registry/purposes.ts';
import {
  reasonPattern,
  registerThirdParty,
  restoreThirdParty,
  suspendThirdParty,
} from '../registry/registry.ts';
import { findThirdParty, listThirdParties } from '../registry/registry-store.ts';
import type { Registration, ThirdParty } from '../registry/third-party.ts';
import { UsageError } from './failure.ts';
import { withDatabase, withParts } from './opened.ts';
import { ownSigner, proposeAndAnswer } from './operator-answer.ts';
import { openOutput, table } from './output.ts';
import { addNotices } from './third-party-notices.ts';

interface AddOptions {
  readonly name: string;
  readonly tradingName?: string;
  readonly class: string;
  readonly group?: string;
  readonly registrationNumber?: string;
  readonly purpose: string[];
  readonly jwks?: string;
  readonly jwksUri?: string;
  readonly redirectUri: string[];
  readonly recipient?: string[];
  readonly retentionDays?: string;
  readonly ethicsNumber?: string;
}

export function addThirdPartyCommands(program: Command): void {
  const family = program.command('third-party').description('who may ask for readings');
  addAdd(family);
  family
    .command('suspend <id>')
    .description('refuse everything that a third party asks, from now on')
    .requiredOption('--reason <text>', 'one line; it stands in the ledger')
    .option('--json', 'answer as JSON')
    .action(async (id: string, options: { reason: string; json?: true }) => {
      await withParts(readConfig(), async ({ db, ledger, config }) => {
        const parts = { db, ledger, production: config.mode === 'production' };
        await suspendThirdParty(parts, id as ClientId, options.reason);
      });
      answerStatus(options, id, 'suspended');
    });
  family
    .command('restore <id>')
    .description('end a suspension')
    .option('--json', 'answer as JSON')
    .action(async (id: string, options: { json?: true }) => {
      await withParts(readConfig(), async ({ db, ledger, config }) => {
        await restoreThirdParty({ db, ledger, production: config.mode === 'production' }, id as ClientId);
      });
      answerStatus(options, id, 'active');
    });
  family
    .command('strike-off <id>')
    .description('suspend a third party for good and end all its consents; in production a proposal')
    .requiredOption('--reason <text>', 'one line; it stands in the ledger')
    .option('--json', 'the same: this command always answers with JSON')
    .action(strikeOff);
  addNotices(family);
  addReading(family);
}

async function strikeOff(id: string, { reason }: { readonly reason: string }): Promise<void> {
  const config = readConfig();
  const input = { client_id: id, reason };
  if (config.mode === 'production')
    return await proposeAndAnswer(config, { act: 'third-party-strike-off', input }, true);
  if (!reasonPattern.test(reason)) throw new UsageError('--reason: one line of 1 to 400 characters');
  await withParts(config, async ({ db, ledger }) => {
    await db.transaction().execute(async (tx) => {
      await ledger.appendWithin(tx, await endAll(tx, { clientId: id as ClientId, reason }, null));
    });
    while ((await expireConsents({ db, ledger })) > 0);
  });
  openOutput(true).answer({ client_id: id, status: 'struck off' }, '');
}

function addAdd(family: Command): void {
  family
    .command('add')
    .description(
      'register a third party; prints {"client_id", "status"}, and in production the proposal that another approves',
    )
    .requiredOption('--name <name>', 'its legal name')
    .requiredOption('--class <class>', `one of ${thirdPartyClasses.join(', ')}`)
    .requiredOption('--purpose <purpose...>', 'what for; each must be open to the class')
    .option('--jwks <file>', 'its public keys, a JWK set; this or --jwks-uri')
    .option(
      '--jwks-uri <url>',
      'where it keeps its public keys; they are fetched now, and again when one is not known',
    )
    .requiredOption('--redirect-uri <uri...>', 'where householders are sent back to, exactly as it will ask')
    .option('--trading-name <name>', 'the name that householders know it by, where it differs')
    .option('--group <group>', 'the legal group it belongs to; limits hold over a group together')
    .option('--registration-number <number>', 'in the register of companies')
    .option('--recipient <id...>', 'other registered third parties that get the readings from it')
    .option('--retention-days <days>', 'for how long it says it keeps readings')
    .option('--ethics-number <number>', 'of the approval by an ethics committee; research needs one')
    .option('--json', 'the same: this command always answers with JSON')
    .addHelpText('after', `\nPurposes by class:\n${purposeHelp()}`)
    .action(addThirdParty);
}

async function addThirdParty(options: AddOptions): Promise<void> {
  const config = readConfig();
  const production = config.mode === 'production';
  const registration = await readRegistration(options);
  // Before anything is registered: a key that cannot be read shall not leave half of it behind.
  const signer = production && config.operatorKeyFile !== null ? await ownSigner(config) : null;
  await withParts(config, async ({ db, ledger, clock, callThirdParty, operators }) => {
    const parts = { db, ledger, production, fetching: { call: callThirdParty, clock } };
    const added = await registerThirdParty(parts, registration);
    const { clientId, status, name } = added;
    const output = openOutput(true);
    if (status === 'active') {
      output.answer({ client_id: clientId, status }, '');
      return output.remark(`${name} may ask from now on.`);
    }
    const proposal = signer && (await propose(operators, signer, registering(clientId)));
    output.answer({ client_id: clientId, status, proposal: proposal?.proposalId ?? null }, '');
    output.remark(
      proposal === null
        ? `${name} may ask for nothing until one operator proposes it and another approves: you have no STABLEDOOR_OPERATOR_KEY_FILE.`
        : `${name} may ask for nothing until another operator approves ${proposal.proposalId}.`,
    );
  });
}

const registering = (clientId: ClientId) => ({
  act: 'third-party-register',
  input: { client_id: clientId },
});

function addReading(family: Command): void {
  family
    .command('list')
    .description('every third party, in the order of registration')
    .option('--json', 'answer as JSON')
    .action(async (options: { json?: true }) => {
      const found = await withDatabase(readConfig(), ({ db }) => listThirdParties(db));
      const rows = found.map((one) => [
        one.clientId,
        statusOf(one),
        one.class,
        one.purposes.join(','),
        one.name,
      ]);
      const text = found.length === 0 ? 'No third party is registered.' : table([heading, ...rows]);
      openOutput(options.json ?? false).answer(found.map(shown), text);
    });
  family
    .command('show <id>')
    .description('all that is registered about one')
    .option('--json', 'answer as JSON')
    .action(async (id: string, options: { json?: true }) => {
      const found = await withDatabase(readConfig(), ({ db }) => findThirdParty(db, id));
      if (found === null) throw new Error(`there is no third party ${id}`);
      const value = shown(found);
      const rows = Object.entries(value).map(([name, one]) => [name, cell(one)]);
      openOutput(options.json ?? false).answer(value, table(rows));
    });
}

const heading = ['CLIENT ID', 'STATUS', 'CLASS', 'PURPOSES', 'NAME'];

const statusOf = (one: ThirdParty): string => (one.struckOff ? 'struck off' : one.status);

/** The names of the columns of a registration, for whoever reads the answer with a program. */
const shown = (one: ThirdParty): { [name: string]: JsonValue } => ({
  client_id: one.clientId,
  status: statusOf(one),
  name: one.name,
  trading_name: one.tradingName,
  class: one.class,
  group: one.group,
  registration_number: one.registrationNumber,
  purposes: one.purposes,
  redirect_uris: one.redirectUris,
  recipients: one.recipients,
  retention_days: one.retentionDays,
  ethics_number: one.ethicsNumber,
  jwks_uri: one.jwksUri,
  key_ids: one.jwks.keys.map((key) => key.kid ?? null),
});

const cell = (value: JsonValue): string =>
  Array.isArray(value) ? value.join(', ') || '-' : String(value) || '-';

function answerStatus(options: { json?: true }, id: string, status: ThirdParty['status']): void {
  openOutput(options.json ?? false).answer({ client_id: id, status }, `${id} is ${status}.`);
}

async function readRegistration(options: AddOptions): Promise<Registration> {
  return {
    name: options.name,
    class: options.class as ThirdPartyClass,
    purposes: options.purpose as Registration['purposes'],
    redirectUris: options.redirectUri,
    ...(await keysOf(options)),
    ...(options.tradingName === undefined ? {} : { tradingName: options.tradingName }),
    ...(options.group === undefined ? {} : { group: options.group }),
    ...(options.registrationNumber === undefined ? {} : { registrationNumber: options.registrationNumber }),
    ...(options.recipient === undefined ? {} : { recipients: options.recipient }),
    ...(options.ethicsNumber === undefined ? {} : { ethicsNumber: options.ethicsNumber }),
    ...(options.retentionDays === undefined ? {} : { retentionDays: readDays(options.retentionDays) }),
  };
}

async function keysOf({ jwks, jwksUri }: AddOptions): Promise<{ jwks: unknown } | { jwksUri: string }> {
  if (jwks !== undefined && jwksUri === undefined) return { jwks: await readJwksFile(jwks) };
  if (jwks === undefined && jwksUri !== undefined) return { jwksUri };
  throw new UsageError('say one of --jwks and --jwks-uri');
}

const longestJwks = 64 * 1024;

async function readJwksFile(path: string): Promise<unknown> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw new UsageError(`--jwks: there is no file ${path}`);
  if (found.size > longestJwks) throw new UsageError(`--jwks: ${path} is larger than 64 kB`);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    throw new UsageError(`--jwks: ${path} is not JSON`);
  }
}

function readDays(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new UsageError('--retention-days: a whole number of days');
  return Number(text);
}

const purposeHelp = (): string =>
  table(
    thirdPartyClasses.map((one) => [
      `  ${one}`,
      purposesOf(one)
        .map((rule) => rule.purpose)
        .join(', '),
    ]),
  );
