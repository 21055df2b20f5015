// `stabledoor operator …`: who the operators are, and how one comes to be. The first two join with a one-time code each; in
// production every other is proposed by one and approved by another.
import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { type Config, readConfig } from '../config.ts';
import { operatorRoles } from '../ledger/operator-acts.ts';
import { addKey, addOperatorAlone, joinWithCode, makeJoiningCode } from '../operator/joining.ts';
import { newKey } from '../operator/membership-acts.ts';
import { type NewKey, operatorRole } from '../operator/operator.ts';
import { makeOperatorKey, readOperatorKey, thumbprintOf } from '../operator/operator-key.ts';
import { listCredentials, listOperators } from '../operator/operator-store.ts';
import { UsageError } from './failure.ts';
import { withDatabase, withParts } from './opened.ts';
import { ownSigner, proposeAndAnswer } from './operator-answer.ts';
import { addProposalCommands } from './operator-proposals.ts';
import { openOutput, table } from './output.ts';

interface AddOptions {
  readonly name: string;
  readonly role: string;
  readonly code?: string;
  readonly publicKey?: string;
  readonly json?: true;
}

export function addOperatorCommands(program: Command): void {
  const family = program.command('operator').description('who runs this broker, and what two of them decide');
  addCode(family);
  addKeyCommand(family);
  addAdd(family);
  addAddKey(family);
  addRemove(family);
  addList(family);
  addProposalCommands(family);
}

function addCode(family: Command): void {
  family
    .command('code')
    .description('make a one-time code, with which one of the first two operators joins')
    .option('--anew', 'make the codes that are open worthless first')
    .option('--json', 'answer as JSON')
    .action(async (options: { readonly anew?: true; readonly json?: true }) => {
      const config = readConfig();
      const code = await withParts(config, ({ operators }) =>
        makeJoiningCode(operators, { anew: options.anew ?? false }),
      );
      const next = `Hand it to one person, who joins within a day: \`stabledoor operator add --name … --role administrator --code ${code}\`, or ${config.issuer}/operator/join with a passkey.`;
      openOutput(options.json ?? false).answer({ code, valid_for_s: 86_400 }, `${code}\n${next}`);
    });
}

function addKeyCommand(family: Command): void {
  family
    .command('key <file>')
    .description('make a private key of your own; prints the public half, which you hand over')
    .option('--json', 'the same: this command always answers with JSON')
    .action(async (file: string) => {
      const { publicKey } = await makeOperatorKey(file);
      openOutput(true).answer({ key: JSON.parse(publicKey) }, '');
    });
}

function addAdd(family: Command): void {
  family
    .command('add')
    .description('add an operator; in production a proposal, unless with a code')
    .requiredOption('--name <name>', 'who it is; shown to the other operators alone')
    .requiredOption('--role <role>', `one of ${operatorRoles.join(', ')}`)
    .option('--code <code>', 'the one-time code that you were handed, for one of the first two')
    .option(
      '--public-key <file>',
      'their public key: what `operator key` or the joining page gave them. Without it: the key of STABLEDOOR_OPERATOR_KEY_FILE, made where there is none',
    )
    .option('--json', 'answer as JSON')
    .action(addOperator);
}

async function addOperator(options: AddOptions): Promise<void> {
  const config = readConfig();
  const role = operatorRole.safeParse(options.role);
  if (!role.success) throw new UsageError(`--role: one of ${operatorRoles.join(', ')}`);
  const production = config.mode === 'production';
  if (production && options.code === undefined) return await proposeOperator(config, options);
  const key = options.publicKey ? await readPublicKey(options.publicKey) : await ownKey(config, options.name);
  const newcomer = { name: options.name, role: role.data, key };
  const operatorId = await withParts(config, ({ operators }) =>
    options.code === undefined
      ? addOperatorAlone(operators, newcomer)
      : joinWithCode(operators, newcomer, options.code),
  );
  const value = {
    operator: operatorId,
    name: options.name,
    role: role.data,
    key: thumbprintOf(key.publicKey),
    status: 'active',
  };
  openOutput(options.json ?? false).answer(value, `${options.name} is operator ${operatorId}.`);
}

async function proposeOperator(config: Config, options: AddOptions): Promise<void> {
  if (options.publicKey === undefined)
    throw new UsageError(
      '--public-key: their public key, which `stabledoor operator key FILE` made for them',
    );
  const key = await readPublicKey(options.publicKey);
  const public_key = {
    key: JSON.parse(key.publicKey),
    ...(key.passkeyId === null ? {} : { passkey_id: key.passkeyId }),
  };
  const input = { name: options.name, role: options.role, public_key };
  await proposeAndAnswer(config, { act: 'operator-add', input }, options.json ?? false);
}

function addAddKey(family: Command): void {
  family
    .command('add-key <file>')
    .description('add a further key of your own, for the day when the first is lost')
    .option('--json', 'answer as JSON')
    .action(async (file: string, options: { readonly json?: true }) => {
      const config = readConfig();
      const signer = await ownSigner(config);
      const key = await readPublicKey(file);
      const operatorId = await withParts(config, ({ operators }) => addKey(operators, signer, key));
      const value = { operator: operatorId, key: thumbprintOf(key.publicKey) };
      openOutput(options.json ?? false).answer(value, `${value.key} is a key of yours now.`);
    });
}

function addRemove(family: Command): void {
  family
    .command('remove <id>')
    .description('propose to remove an operator: lost keys, or gone')
    .option('--json', 'answer as JSON')
    .action(async (id: string, options: { readonly json?: true }) => {
      const proposed = { act: 'operator-remove', input: { operator: id } };
      await proposeAndAnswer(readConfig(), proposed, options.json ?? false);
    });
}

function addList(family: Command): void {
  family
    .command('list')
    .description('every operator there ever was')
    .option('--json', 'answer as JSON')
    .action(async (options: { readonly json?: true }) => {
      const [operators, keys] = await withDatabase(readConfig(), async ({ db }) => [
        await listOperators(db),
        await listCredentials(db),
      ]);
      const found = operators.map((one) => ({
        operator: one.operatorId as string,
        name: one.name,
        role: one.role as string,
        status: one.removedAt === null ? 'active' : 'removed',
        keys: keys.filter((key) => key.operatorId === one.operatorId).map((key) => key.credentialId),
      }));
      const heading = ['OPERATOR', 'STATUS', 'ROLE', 'NAME'];
      const rows = found.map((one) => [one.operator, one.status, one.role, one.name]);
      const none = 'There is no operator yet: `stabledoor operator code` makes the first code.';
      openOutput(options.json ?? false).answer(found, rows.length === 0 ? none : table([heading, ...rows]));
    });
}

const longestKeyFile = 16 * 1024;

async function readPublicKey(path: string): Promise<NewKey> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw new UsageError(`--public-key: there is no file ${path}`);
  if (found.size > longestKeyFile) throw new UsageError(`--public-key: ${path} is too large`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    throw new UsageError(`--public-key: ${path} is not JSON`);
  }
  const read = newKey.safeParse(isJwk(value) ? { key: value } : value);
  if (!read.success) throw new UsageError(`--public-key: ${read.error.issues[0]?.message}`);
  return read.data;
}

const isJwk = (value: unknown): boolean => typeof value === 'object' && value !== null && 'kty' in value;

/** Of whoever joins here: the key file that is set, which is made where it is not there. */
async function ownKey(config: Config, name: string): Promise<NewKey> {
  const path = config.operatorKeyFile;
  if (path === null)
    throw new UsageError(
      `set STABLEDOOR_OPERATOR_KEY_FILE to where the private key of ${name} is or shall be, or hand over --public-key`,
    );
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  const { publicKey } = isThere ? await readOperatorKey(path) : await makeOperatorKey(path);
  return { keptIn: 'file', publicKey, passkeyId: null };
}
