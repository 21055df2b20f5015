// `stabledoor doctor`: looks at this installation from the runtime to the log, and says of each fault how to mend it.
// It changes nothing, and a check that could not be made is never reported as sound.
import { access, constants, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { openLedgerKey } from '../ledger/signing-key.ts';
import { openPolicy } from '../policy/engine.ts';
import { type Check, type Finding, run } from './check.ts';
import { checkDatabases } from './doctor-databases.ts';
import { BadNews } from './failure.ts';
import { openOutput, table } from './output.ts';

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('what is wrong with this installation, and how to mend it')
    .option('--json', 'answer as JSON')
    .action(async (options: { json?: true }) => {
      const findings = await examine();
      const faulty = findings.filter((finding) => finding.state === 'faulty');
      const rows = findings.map(({ check, state, detail }) => [check, state, detail]);
      const mends = faulty.map(({ check, mend }) => `  ${check}: ${mend}`);
      const text = [
        table(rows),
        faulty.length === 0 ? 'Nothing is wrong.' : ['What to do:', ...mends].join('\n'),
      ].join('\n');
      const value = { sound: faulty.length === 0, findings: findings.map((finding) => ({ ...finding })) };
      openOutput(options.json ?? false).answer(value, text);
      if (faulty.length > 0) throw new BadNews();
    });
}

async function examine(): Promise<Finding[]> {
  const runtime = await run(node);
  try {
    const config = readConfig();
    const known = await Promise.all(checksOf(config).map(run));
    const settings = { check: 'settings', state: 'sound', detail: `mode ${config.mode}` } as const;
    return [runtime, settings, ...known, ...(await checkDatabases(config))];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mend = 'correct the setting; `stabledoor config` lists them all';
    return [runtime, { check: 'settings', state: 'faulty', detail: error.message, mend }];
  }
}

const node: Check = {
  name: 'runtime',
  mend: 'run `npm ci`, which brings Node 24, and start with `npx stabledoor` or `npm start`',
  async look() {
    if (Number(process.versions.node.split('.')[0]) < 24) throw new Error(`Node ${process.versions.node}`);
    return `Node ${process.versions.node}`;
  },
};

const checksOf = (config: Config): Check[] => [
  {
    name: 'data folder',
    mend: 'give the user who runs Stabledoor the right to write there, or set STABLEDOOR_DATA_DIR',
    look: () => lookAtFolder(config.dataDir),
  },
  {
    name: 'ledger key',
    mend: 'run `stabledoor init` once, or put the key of this log back from a backup; chmod 600 it',
    look: () => lookAtKey(config),
  },
  {
    name: 'policy',
    mend: 'correct the policy that is named, or set STABLEDOOR_POLICY_DIR',
    look: async () => `digest ${(await openPolicy(config.policyDir)).digest}`,
  },
  ...(config.tls === null ? [] : [tlsCheck(config.tls)]),
];

async function lookAtFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => null);
  if (found === null) return `${folder} is made at the first start`;
  await access(folder, constants.W_OK | constants.X_OK);
  return folder;
}

async function lookAtKey({ keyDir, logOrigin, mode }: Config): Promise<string> {
  const file = await stat(`${keyDir}/ledger.key`).catch(() => null);
  if (file === null && mode !== 'production') return 'is made at the first start';
  const { key } = await openLedgerKey(keyDir, logOrigin, false);
  if (file !== null && process.platform !== 'win32' && (file.mode & 0o077) !== 0)
    throw new Error(`${keyDir}/ledger.key can be read by others`);
  return key.text;
}

const tlsCheck = ({ certFile, keyFile }: { certFile: string; keyFile: string }): Check => ({
  name: 'TLS files',
  mend: 'check STABLEDOOR_TLS_CERT_FILE and STABLEDOOR_TLS_KEY_FILE, and who may read the files',
  async look() {
    await Promise.all([access(certFile, constants.R_OK), access(keyFile, constants.R_OK)]);
    return certFile;
  },
});
