// Entries verified a second, with everything checked, beside the bare hashing of the same bytes: every leaf, every node of
// the tree and of the map of tags. In seconds of the processor, because the machine may be busy with other things.
import { createHmac } from 'node:crypto';
import { formatExportLine, readExportLines } from '../src/ledger/export-format.ts';
import { nodeCrypto } from '../src/ledger/node-crypto.ts';
import { verifyLog } from '../src/ledger/verify.ts';
import { drafts, entriesOf, exportOf, honest, START_S, type Step } from '../test/ledger/small-log.ts';
import { ours } from '../test/ledger/vectors.ts';
import { inRounds, type Load, median, ratio, residentMegabytes } from './measure.ts';
import type { Row } from './row.ts';

const family = 'verify';
/** As many as the bench's own limit of memory holds twice, as text and as hashed bytes. */
const entries = 40_000;
const chunkBytes = 1 << 20;
/** Of less than a second each: a processor's pace changes from one to the next by half. */
const rounds = 11;

/** As the door writes them: a tag, three commitments and a request id of its own each. */
function disclosureStep(number: number): Step {
  const made = (what: string) => createHmac('sha256', what).update(String(number)).digest();
  const hash = (what: string) => made(what).toString('base64');
  return {
    draft: { ...drafts.disclosure, store_read: `1700000000/${number + 2}` },
    stag: hash('tag'),
    commit: { readings: hash('readings'), proof: hash('proof'), meter_point: hash('meter point') },
    request: made('request')
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5'),
    timeMs: START_S * 1000 + 8000 + number,
  };
}

async function* chunksOf(file: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += chunkBytes) yield file.subarray(at, at + chunkBytes);
}

/** Done a second of this process's processor time. */
async function byProcessor(done: number, work: () => Promise<void> | void): Promise<Load> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { rate: (done * 1e6) / (user + system), p50Ms: 0, p99Ms: 0 };
}

export async function verifyRows(): Promise<Row[]> {
  const steps = [...honest, ...Array.from({ length: entries - honest.length }, (_, i) => disclosureStep(i))];
  const file = Buffer.from(exportOf(entriesOf(steps)).map(formatExportLine).join(''));
  const verify = async (crypto = nodeCrypto): Promise<void> => {
    const verdict = await verifyLog(readExportLines(chunksOf(file)), { ...crypto, keys: [ours.logKey] });
    if (!verdict.sound)
      throw new Error(`the bench's own log is not sound: ${verdict.violations[0]?.message}`);
  };
  const hashed: Uint8Array[] = [];
  const { leafOf: _, ...plain } = nodeCrypto;
  await verify({
    ...plain,
    sha256: (bytes) => {
      hashed.push(Uint8Array.from(bytes));
      return nodeCrypto.sha256(bytes);
    },
  });
  let resident = 0;
  const contenders = {
    verify: async () => {
      const load = await byProcessor(entries, verify);
      resident = Math.max(resident, residentMegabytes());
      return load;
    },
    bare: () => byProcessor(entries, () => hashed.forEach((bytes) => void nodeCrypto.sha256(bytes))),
  };
  const loads = await inRounds(contenders, rounds);
  const rate = (name: keyof typeof loads) => median(loads[name].map((load) => load.rate));
  return [
    {
      family,
      what: 'entries verified a second of one core, everything checked',
      value: rate('verify'),
      unit: '/s',
      target: { atLeast: 50_000 },
    },
    { family, what: 'entries whose hashes alone are made', value: rate('bare'), unit: '/s' },
    {
      family,
      what: 'verification against it',
      value: ratio(loads.verify, loads.bare),
      unit: '×',
      target: { atLeast: 0.25 },
    },
    { family, what: 'resident memory, the file and the hashed bytes in it', value: resident, unit: 'MB' },
  ];
}
