// Logged reads a second: token, proof, consent, policy, meter store, ledger, answer. Beside a server that does all of
// it but consent, policy and ledger.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { inRounds, type Load, median, ratio, underLoad } from './measure.ts';
import { openReader } from './reader.ts';
import type { ReadsServer } from './reads-server.ts';
import type { Row } from './row.ts';

const inFlight = 128;
const seconds = 4;
const family = 'reads';

export async function readRows(): Promise<Row[]> {
  // With as much heap as npm start gives the broker.
  const child = fork(join(import.meta.dirname, 'reads-server.ts'), {
    execArgv: ['--max-old-space-size=256'],
  });
  try {
    const [server] = (await once(child, 'message')) as [ReadsServer];
    const reader = openReader(server, inFlight);
    const resident: number[] = [];
    const at = async (address: string, length = seconds): Promise<Load> => {
      // More than are read: what is left is thrown away with the next.
      reader.prepare(length * 3000);
      const load = await underLoad(inFlight, length, () => reader.read(address));
      child.send('memory');
      const [bytes] = (await once(child, 'message')) as [number];
      resident.push(Math.round(bytes / 1_000_000));
      return load;
    };
    await at(server.issuer, 1);
    const loads = await inRounds({ logged: () => at(server.issuer), floor: () => at(server.floor) });
    reader.close();
    const rate = (name: keyof typeof loads) => median(loads[name].map((load) => load.rate));
    const p99 = median(loads.logged.map((load) => load.p99Ms));
    const [least, most] = [Math.min(...resident), Math.max(...resident)];
    return [
      { family, what: `logged reads, ${inFlight} in flight`, value: rate('logged'), unit: '/s' },
      { family, what: 'the slowest hundredth of them', value: p99, unit: 'ms' },
      { family, what: 'reads with no consent, policy or ledger', value: rate('floor'), unit: '/s' },
      {
        family,
        what: 'reads against it',
        value: ratio(loads.logged, loads.floor),
        unit: '×',
        target: { atLeast: 0.55 },
      },
      {
        family,
        what: 'resident memory of the broker, at most',
        value: most,
        unit: 'MB',
        target: { below: 400 },
      },
      { family, what: 'and at least', value: least, unit: 'MB' },
    ];
  } finally {
    child.send('end');
    await once(child, 'exit');
  }
}
