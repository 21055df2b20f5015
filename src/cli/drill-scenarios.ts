// What is drilled, each as a small story with an end in words: a fault is made, what must be refused is refused, the
// fault ends, and nothing that was acknowledged is gone.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { succeedAfterRestore } from '../audit/succession.ts';
import { machineClock, machineTimes } from '../db/clock.ts';
import { databasesOf } from '../db/provision.ts';
import { databaseName } from '../db/stores.ts';
import { fillWal } from '../db/wal-ballast.ts';
import { openHeadGuard } from '../ledger/head-guard.ts';
import { sha256 } from '../ledger/node-crypto.ts';
import { cosigner } from '../ledger/note-signer.ts';
import { openLedgerKey } from '../ledger/signing-key.ts';
import { openWitness } from '../ledger/witness.ts';
import { openWitnessFolder } from '../ledger/witness-folder.ts';
import { parseWitnessPolicy } from '../ledger/witness-policy.ts';
import { serveWitness } from '../ledger/witness-server.ts';
import { openWriteGate } from '../ledger/write-gate.ts';
import { openWriteWatch } from '../ledger/write-watch.ts';
import { openLogger } from '../observe/logger.ts';
import { makeBackup } from './backup.ts';
import { type DrilledLedger, DrillFault, type Ground, openDrilled } from './drill-ground.ts';
import { restoreBackup } from './restore.ts';

export interface Scenario {
  readonly name: string;
  /** What happened, in words. Errors: DrillFault says what went wrong, DrillSkipped why it could not be tried. */
  run(ground: Ground): Promise<string>;
}

export class DrillSkipped extends Error {
  override readonly name = 'DrillSkipped';
}

export const recoverySeconds = 60;

async function within<Answer>(
  config: Parameters<typeof openDrilled>[0],
  work: (ledger: DrilledLedger) => Promise<Answer>,
): Promise<Answer> {
  const ledger = await openDrilled(config);
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new DrillFault(otherwise);
}

const clusterOf = ({ parts }: DrilledLedger): string => {
  const { embedded } = parts.stores;
  if (embedded === null) throw new DrillFault('there is no embedded server');
  return embedded.cluster;
};

const pidOf = async (ledger: DrilledLedger): Promise<number> =>
  Number((await readFile(join(clusterOf(ledger), 'postmaster.pid'), 'utf8')).split('\n')[0]);

/** What is written until then may be the work of what the killed server left running. */
async function untilAnother(ledger: DrilledLedger, pid: number): Promise<void> {
  const until = performance.now() + recoverySeconds * 1000;
  for (;;) {
    const now = await pidOf(ledger).catch(() => pid);
    if (now !== pid && Number.isInteger(now)) return;
    if (performance.now() > until)
      throw new DrillFault(`PostgreSQL was not started again within ${recoverySeconds} s`);
    await wait(100);
  }
}

const kills = 3;

const killed: Scenario = {
  name: 'kills',
  run: async (ground) =>
    within(await ground.config('main'), async (ledger) => {
      let slowest = 0;
      for (let kill = 0; kill < kills; kill++) {
        const load = Array.from({ length: 20 }, () => ledger.refusal());
        await ledger.append();
        const pid = await pidOf(ledger);
        process.kill(pid, 'SIGKILL');
        const from = performance.now();
        await Promise.all(load);
        await untilAnother(ledger, pid);
        await ledger.untilWritten(recoverySeconds);
        slowest = Math.max(slowest, (performance.now() - from) / 1000);
      }
      const { acknowledged } = await ledger.check();
      return `PostgreSQL was killed ${kills} times under load and was back within ${slowest.toFixed(1)} s; all ${acknowledged} acknowledged entries are there, and the log verifies.`;
    }),
};

const oldBackup: Scenario = {
  name: 'old backup',
  async run(ground) {
    const config = await ground.config('main');
    const backup = join(ground.folder, 'backup');
    const kept = await within(config, async (ledger) => {
      const { index } = await ledger.append();
      await makeBackup(config, backup, { subjectKeys: true });
      for (let i = 0; i < 3; i++) await ledger.append();
      return index + 1;
    });
    const elsewhere = await ground.config('restored', 'main');
    await restoreBackup(elsewhere, backup, { subjectKeys: backup, nothingSince: false });
    const lost = await within(elsewhere, async (ledger) => {
      must((await ledger.refusal()) === 'ledger_unavailable', 'the old backup was written to');
      const { stores, log, ledgerKeys, config: own } = ledger.parts;
      const { known } = await succeedAfterRestore({
        ...{ databaseUrl: stores.addresses.app, log, ledgerKeys, mode: own.mode, witnesses: [] },
        ...{ keyDir: own.keyDir, headGuardFile: own.headGuardFile },
      });
      must(known.kept.size >= kept, 'entries of before the backup are gone');
      return known.longest.size - known.kept.size;
    });
    must(lost >= 3, `${lost} entries are known to be lost, and at least 3 were`);
    return await within(elsewhere, async (ledger) => {
      await ledger.append();
      await ledger.check();
      return `The restored backup was not written to; ${lost} lost entries were named, another log went on, and both verify together.`;
    });
  },
};

const clockJump: Scenario = {
  name: 'clock jump',
  run: async (ground) =>
    within(await ground.config('main'), async ({ parts }) => {
      let jumpMs = 0;
      const times = { ...machineTimes, wallMs: () => machineTimes.wallMs() + jumpMs };
      const gate = openWriteGate();
      const { db, log, config, ledgerKeys } = parts;
      const logKeys = () => ledgerKeys.all();
      const guard = openHeadGuard(config.headGuardFile, () => ({ origin: log.origin, logKeys: logKeys() }));
      const logger = openLogger('silent');
      const watch = await openWriteWatch({ ...log, db, logKeys, guard, gate, times, logger });
      try {
        const found: string[] = [];
        for (const ms of [600_000, -600_000]) {
          jumpMs = ms;
          await watch.look();
          found.push(gate.whyShut() ?? '');
          must(found.at(-1) !== '', `a clock that went ${ms / 1000} s was believed`);
        }
        jumpMs = 0;
        await watch.look();
        must(gate.whyShut() === null, `the log stayed shut: ${gate.whyShut()}`);
        return 'A clock that went ten minutes forward, and back, shut the log each time, and it opened when the clock was right.';
      } finally {
        await watch.close();
      }
    }),
};

const lateAfterMs = 1500;

const lateWitness: Scenario = {
  name: 'late witness',
  async run(ground) {
    const config = await ground.config('main');
    const logKey = await openLedgerKey(config.keyDir, config.logOrigin, true);
    const witness = await startWitness(join(ground.folder, 'witness'), logKey.key.text);
    const policyFile = join(ground.folder, 'witnesses');
    await writeFile(policyFile, `witness w1 ${witness.key} http://127.0.0.1:${witness.port}\nquorum w1\n`);
    try {
      const witnesses = { policyFile, stopAfterMs: lateAfterMs };
      return await within({ ...config, witnesses }, async (ledger) => {
        const { witnessing } = ledger.parts;
        await ledger.append();
        await witnessing?.runNow();
        must((await ledger.refusal()) === null, 'nothing was written although the witness was in time');
        await witness.stop();
        await ledger.refusal();
        await wait(lateAfterMs + 500);
        await witnessing?.runNow();
        must(
          (await ledger.refusal()) === 'ledger_unavailable',
          'the log was written to although the witness was late',
        );
        await witness.start();
        await witnessing?.runNow();
        const took = await ledger.untilWritten(recoverySeconds);
        await ledger.check();
        return `A witness that did not answer shut the log, as it was set to, and the log was written again ${took.toFixed(1)} s after the witness was back.`;
      });
    } finally {
      await witness.stop();
    }
  },
};

/** On a port that stays the same when it starts again. */
async function startWitness(folder: string, logKey: string) {
  const signer = cosigner('drill.invalid/witness', sha256(Buffer.from(logKey)));
  const policy = parseWitnessPolicy(Buffer.from(`log ${logKey}\nquorum none\n`), sha256);
  let running: { port: number; close(): Promise<void> } | null = null;
  let port = 0;
  const start = async () => {
    const opened = await openWitnessFolder(folder);
    const witness = openWitness({ cosigner: signer, policy, folder: opened, clock: machineClock });
    const server = await serveWitness(witness, { host: '127.0.0.1', port }, openLogger('silent'));
    port = server.port;
    running = { port, close: () => server.close().then(() => opened.close()) };
  };
  await start();
  return {
    key: signer.key.text,
    port,
    start,
    async stop() {
      await running?.close();
      running = null;
    },
  };
}

const diskMegabytes = 260;
const megabyte = 1024 * 1024;

const fullDisk: Scenario = {
  name: 'full disk',
  async run(ground) {
    const disk = join(ground.folder, 'disk');
    await mkdir(disk);
    await mount(disk);
    try {
      return await within(await ground.config('disk/data'), async (ledger) => {
        await ledger.append();
        const ballast = join(disk, 'ballast');
        const { bavail, bsize } = await statfs(disk);
        await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 2 * megabyte)));
        const { embedded } = ledger.parts.stores;
        const database = databasesOf(databaseName.sandbox).broker;
        const url = embedded?.url('postgres', embedded.superuserPassword, database) ?? '';
        must(await fillWal(url, 100), 'the disk did not fill');
        must((await ledger.refusal()) === 'ledger_unavailable', 'an entry was written on a full disk');
        await rm(ballast);
        const took = await ledger.untilWritten(recoverySeconds);
        const { acknowledged } = await ledger.check();
        return `A full disk ended PostgreSQL; entries were refused meanwhile, it was back ${took.toFixed(1)} s after there was room, and all ${acknowledged} acknowledged entries are there.`;
      });
    } finally {
      await execute('umount', ['-l', disk]).catch(() => {});
    }
  },
};

const execute = promisify(execFile);

async function mount(disk: string): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new DrillSkipped('it needs Linux and root, to mount a small disk of its own');
  const options = `size=${diskMegabytes}m,mode=755`;
  await execute('mount', ['-t', 'tmpfs', '-o', options, 'stabledoor-drill', disk]).catch(() => {
    throw new DrillSkipped('this machine does not let it mount a small disk of its own');
  });
}

/** In this order: the old backup ends the log that the others use. */
export const scenarios: readonly Scenario[] = [killed, clockJump, lateWitness, oldBackup, fullDisk];
