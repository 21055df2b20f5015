// `stabledoor ledger witness`: cosigns the checkpoints of logs that somebody else runs, and remembers what it signed.
// It needs no database and no settings. Its folder is its memory: a key whose folder is lost must not sign again.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { machineClock } from '../db/clock.ts';
import { sha256 } from '../ledger/node-crypto.ts';
import { openWitness } from '../ledger/witness.ts';
import { openWitnessFolder } from '../ledger/witness-folder.ts';
import { openWitnessKey, type WitnessKey } from '../ledger/witness-key.ts';
import type { WitnessPolicy } from '../ledger/witness-policy.ts';
import { readWitnessPolicy } from '../ledger/witness-policy-file.ts';
import { serveWitness } from '../ledger/witness-server.ts';
import { openLogger } from '../observe/logger.ts';
import { UsageError } from './failure.ts';
import { openOutput } from './output.ts';

interface WitnessOptions {
  readonly key: string;
  readonly listen: string;
  readonly policy: string;
  readonly state?: string;
  readonly name?: string;
}

export function addWitnessCommand(family: Command): void {
  family
    .command('witness')
    .description('cosign the checkpoints of other people’s logs (C2SP tlog-witness)')
    .requiredOption('--key <file>', 'the witness’s private key; made if it is not there')
    .requiredOption('--listen <port>', 'a port on 127.0.0.1, or HOST:PORT')
    .requiredOption('--policy <file>', 'whose `log` lines (C2SP tlog-policy) say which logs are witnessed')
    .option('--state <dir>', 'the witness’s memory: the key file with `.seen` after it, if not given')
    .option('--name <name>', 'names a key that is made')
    .action(async (options: WitnessOptions) => {
      const policy = await readPolicy(options.policy);
      const at = readAddress(options.listen);
      const key = await openWitnessKey(resolve(options.key), options.name ?? `${hostname()}/witness`);
      await runWitness({ policy, at, key, dir: resolve(options.state ?? `${options.key}.seen`) });
    });
}

interface WitnessRun {
  readonly policy: WitnessPolicy;
  readonly at: { readonly host: string; readonly port: number };
  readonly key: WitnessKey;
  readonly dir: string;
}

async function runWitness({ policy, at, key, dir }: WitnessRun): Promise<void> {
  const output = openOutput(false);
  const logger = openLogger('info');
  const folder = await openWitnessFolder(dir);
  const remembers = (await readdir(dir)).some((name) => /^[0-9a-f]{64}$/.test(name));
  if (!remembers && !key.isNew)
    output.complain(`${dir} remembers no log: if this key has cosigned before, stop now and make a new key`);
  const witness = openWitness({
    cosigner: key.cosigner,
    policy,
    folder,
    clock: machineClock,
    onConflict: (origin, notes) => {
      logger.error({ origin, notes }, 'this log has signed two heads of one size: the notes prove it');
      void keepEvidence(dir, notes).catch((error) => logger.error({ err: error }, 'the proof was not kept'));
    },
  });
  const server = await serveWitness(witness, at, logger);
  const logs = policy.logs.map((log) => log.key.name);
  output.answer(
    null,
    `witness ${witness.key.text}\nlistening on http://${at.host}:${server.port} for ${[...new Set(logs)].join(', ')}`,
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void server.close().then(() => folder.close()));
}

async function readPolicy(file: string): Promise<WitnessPolicy> {
  const policy = await readWitnessPolicy(file);
  if (policy.logs.length === 0) throw new UsageError(`${file}: there is no log line, so nothing to witness`);
  return policy;
}

function readAddress(text: string): { host: string; port: number } {
  const parts = /^(?:(.{1,255}):)?(\d{1,5})$/.exec(text);
  const port = Number(parts?.[2] ?? Number.NaN);
  if (parts === null || port > 65_535) throw new UsageError('--listen: a port, or HOST:PORT');
  return { host: (parts[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

/** One proof a pair: the same one sent again and again fills no disk. */
async function keepEvidence(dir: string, notes: readonly [string, string]): Promise<void> {
  const evidence = join(dir, 'evidence');
  await mkdir(evidence, { recursive: true });
  if ((await readdir(evidence)).length >= 100) return;
  const name = Buffer.from(sha256(Buffer.from(notes.join('\n')))).toString('hex');
  await writeFile(join(evidence, name), notes.join('\n'), { flag: 'wx' }).catch((error) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}
